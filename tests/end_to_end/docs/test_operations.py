"""What operators read: metrics, alerts, the log, against a running service."""

import json
import re

from service import limits
from tests.support.documents import code, first_codes, page, rows
from tests.support.gunicorn_service import Service, wait_for
from tests.support.paths import ROOT
from training.picks.files import REASON, SCHEMA

OPERATIONS = page("operations")
METRICS = OPERATIONS.section("## Metrics and logs")


def test_metrics(service: Service) -> None:
    service.get("/v1/users/nobody/recommendations")
    # While a worker has not taken its model up yet there is no age.
    taken_up = re.compile(r"^aisle_model_info\{\S+ 2\.0$", re.MULTILINE)
    wait_for(lambda: taken_up.search(text := exposed(service)) and "\naisle_model_age_seconds " in text)
    assert set(first_codes(METRICS, "metric")) == exposed_metrics(service)


def test_alerts_ask_for_metrics_and_labels_that_exist(service: Service) -> None:
    service.get("/v1/users/nobody/recommendations")
    wait_for(lambda: "\naisle_fallbacks_total{" in exposed(service))
    names = exposed_metrics(service)
    expressions = [code(row[1])[0] for row in rows(OPERATIONS.section("## Alerts worth having"), "alert")]
    assert len(expressions) >= 5
    for expression in expressions:
        used = re.findall(r"aisle_\w+", expression)
        assert used, expression
        assert {name.removesuffix("_bucket") for name in used} <= names, expression
        for name, labels in re.findall(r"(aisle_\w+)\{([^}]*)\}", expression):
            for label in re.findall(r"(\w+)=", labels):
                assert re.search(rf"^{name}{{[^}}]*\b{label}=", exposed(service), re.MULTILINE), expression


def exposed_metrics(service: Service) -> set[str]:
    return set(re.findall(r"^# TYPE (\w+) ", exposed(service), re.MULTILINE))


def exposed(service: Service) -> str:
    return service.get("/metrics").body.decode()


def test_how_long_clients_may_take() -> None:
    table = rows(OPERATIONS.section("## Connections"), "what")
    said = [[int(number) for number in re.findall(r"\d+", seconds)] for _, seconds in table]
    pace = limits.SLOWEST_BYTES_A_SECOND // 1024
    assert said == [
        [limits.HEAD_SECONDS],
        [limits.BODY_SECONDS, pace, limits.MAX_BODY_SECONDS],
        [limits.ANSWER_SECONDS, pace],
        [limits.KEEPALIVE_SECONDS, limits.HEAD_SECONDS],
        [limits.LINGER_SECONDS],
    ]


def test_the_log_line(service: Service) -> None:
    service.get("/v1/popular")
    (shown,) = [json.loads(block) for block in OPERATIONS.of_language("json") if '"milliseconds"' in block]
    logged = wait_for(lambda: [line for line in service.lines() if line.get("route") == "/v1/popular"])
    assert shown.keys() == logged[-1].keys()


def test_events_that_are_logged() -> None:
    code_of_service = "".join(path.read_text() for path in (ROOT / "service").rglob("*.py"))
    logged = re.findall(r'_line\(\s*event="(\w+)"', code_of_service)
    assert len(set(logged)) > 5
    assert set(first_codes(METRICS, "event")) == set(logged)


def test_columns_of_the_picks_file() -> None:
    picks = page("email-file")
    documented = [name for row in rows(picks.text, "column") for name in code(row[0])]
    assert sorted(documented) == sorted([*SCHEMA, REASON])
    (shown,) = picks.of_language("csv")
    assert shown.splitlines()[0] == ",".join(f'"{name}"' for name in SCHEMA)
