import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from artifacts.publishing.store import Store
from service.api.examples import PARAMETERS
from service.api.openapi import openapi_document
from service.api.routes import LIVE_ROUTES, ROUTES
from service.app import create_app
from service.http.media_types import JSON
from service.recommendations.schemas import Explained, Personal
from service.settings import read_settings
from tests.support.gunicorn_service import Service, running

DOCUMENT = json.loads(openapi_document(secured=False))
SECURED = json.loads(openapi_document(secured=True))
UNDOCUMENTED = {"/openapi.json", "/docs", "/docs/", "/docs/<path:path>"}


@pytest.mark.parametrize("document", [DOCUMENT, SECURED])
def test_the_document_is_valid(document: dict[str, object]) -> None:
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_it_names_every_route_of_the_app_and_no_other() -> None:
    app = create_app(read_settings({}))
    routes = {
        (rule.rule, method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule not in UNDOCUMENTED
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    documented = {
        (path.replace("{", "<").replace("}", ">"), method)
        for path, operations in DOCUMENT["paths"].items()
        for method in operations
    }
    assert documented == routes


def test_it_says_what_validates() -> None:
    parameters = DOCUMENT["paths"]["/v1/users/{user_id}/recommendations"]["get"]["parameters"]
    by_name = {parameter["name"]: parameter for parameter in parameters}
    assert by_name["user_id"] == {
        "name": "user_id",
        "in": "path",
        "required": True,
        "example": "C10216",
        "schema": {
            "type": "string",
            "title": "User Id",
            "minLength": 1,
            "maxLength": 256,
            "pattern": r"^[^\x00]*$",
        },
    }
    assert by_name["limit"]["schema"] == {
        "type": "integer",
        "title": "Limit",
        "minimum": 1,
        "maximum": 100,
        "default": 10,
        "examples": [5],
    }
    assert by_name["min_price"]["schema"] == {
        "type": "number",
        "title": "Min Price",
        "minimum": 0,
        "examples": [5],
    }
    assert by_name["repeat"]["schema"]["enum"] == ["exclude", "allow", "only"]
    assert {name for name, parameter in by_name.items() if parameter["required"]} == {"user_id"}
    body = body_schema("/v1/rank", "post")
    assert body["required"] == ["user_id", "items"]
    assert body["additionalProperties"] is False


def test_what_readers_look_for_first_comes_first() -> None:
    parameters = DOCUMENT["paths"]["/v1/users/{user_id}/recommendations"]["get"]["parameters"]
    common = ["limit", "exclude", "category", "min_price", "max_price", "in_stock", "repeat", "personalized", "explain"]
    assert [parameter["name"] for parameter in parameters] == ["user_id", *common]
    assert list(body_schema("/v1/cross-sell", "post")["properties"]) == ["items", "user_id", *common]
    for schema in (Personal, Explained):
        assert set(schema.model_fields) <= set(common), "a new common parameter needs its place"


def test_every_operation_is_in_a_group_that_is_described() -> None:
    groups = [tag["name"] for tag in DOCUMENT["tags"]]
    assert groups == [
        "Recommendations",
        "Items and baskets",
        "Catalogue and history",
        "Live store",
        "Users' data",
        "Model",
        "Operations",
    ]
    assert all(tag["description"].endswith(".") for tag in DOCUMENT["tags"])
    used = [operation["tags"] for _, operation in operations(DOCUMENT)]
    assert all(len(tags) == 1 for tags in used)
    assert {tags[0] for tags in used} == set(groups)


def test_each_route_names_the_errors_it_can_give_and_no_others() -> None:
    statuses = {
        f"{method.upper()} {path}": {int(status) for status in operation["responses"]}
        for (path, method), operation in operations(DOCUMENT)
    }
    body = {408, 413, 415}
    assert statuses["GET /v1/users/{user_id}/recommendations"] == {200, 400, 414, 503}
    assert statuses["GET /v1/popular"] == {200, 304, 400, 414, 503}
    assert statuses["GET /v1/items/{item_id}"] == {200, 304, 400, 404, 414, 503}
    assert statuses["GET /v1/items"] == {200, 304, 400, 414, 503}
    assert statuses["GET /v1/users/{user_id}/recent"] == {200, 400, 414, 503}
    assert statuses["POST /v1/rank"] == {200, 400, 503} | body
    assert statuses["POST /v1/batch/recommendations"] == {200, 400, 429, 503} | body
    assert statuses["GET /v1/model/report"] == {200, 304, 400, 404, 414, 503}
    assert statuses["POST /v1/events"] == {202, 400, 429, 503} | body
    assert statuses["DELETE /v1/users/{user_id}"] == {200, 400, 414, 429, 503}
    assert statuses["GET /v1/users/{user_id}/data"] == {200, 400, 414, 503}
    for route in ROUTES:
        unavailable = DOCUMENT["paths"][route.path][route.method.lower()]["responses"]["503"]["description"]
        assert ("live store" in unavailable) == (route in LIVE_ROUTES)


def test_what_has_a_default_may_be_left_out() -> None:
    """Generators of TypeScript clients have everything with a default in a component always be there."""
    assert not [name for name, schema in DOCUMENT["components"]["schemas"].items() if '"default"' in json.dumps(schema)]
    event = body_schema("/v1/events", "post")["properties"]["events"]["items"]
    assert event["required"] == ["event_id", "type", "item_id", "time"]
    for (path, method), operation in operations(DOCUMENT):
        if "requestBody" in operation:
            body = body_schema(path, method)
            assert not [name for name in body.get("required", []) if "default" in body["properties"][name]]
            assert '"default": null' not in json.dumps(body)


def test_all_that_is_sent_and_answered_has_an_example_that_is_valid() -> None:
    for name, schema in examples_in(DOCUMENT):
        validator = Draft202012Validator({**schema, "components": DOCUMENT["components"]})
        assert schema["examples"], name
        for example in schema["examples"]:
            validator.validate(example)


@pytest.mark.integration
def test_the_service_takes_the_examples(tiny_store: Store, tmp_path: Path) -> None:
    with running(tiny_store.root, tmp_path, LIVE_URL=f"sqlite:///{tmp_path}/live.db") as service:
        for (path, method), operation in operations(DOCUMENT):
            for media_type in operation.get("requestBody", {}).get("content", {}):
                target = path.format(**PARAMETERS)
                (example,) = body_schema(path, method)["examples"]
                reply = service.ask(method.upper(), target, example, {"Content-Type": media_type})
                assert str(reply.status) in operation["responses"], (target, reply.body)
                assert reply.status < 300, (target, reply.body)
                assert not reply.headers["Content-Type"].startswith(JSON) or not reply.json.get("errors"), reply.body


def examples_in(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The schemas that need an example: of parameters, of bodies and answers in JSON."""
    for (path, method), operation in operations(document):
        for parameter in operation.get("parameters", []):
            examples = [parameter["example"]] if "example" in parameter else parameter["schema"]["examples"]
            yield f"{method} {path} {parameter['name']}", {**parameter["schema"], "examples": examples}
        contents = [operation.get("requestBody", {}), *operation["responses"].values()]
        for media_type, content in (pair for part in contents for pair in part.get("content", {}).items()):
            if "json" in media_type:
                yield f"{method} {path} {media_type}", resolved(document, content["schema"])


def resolved(document: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    name = schema.get("$ref", "").rpartition("/")[2]
    found: dict[str, Any] = document["components"]["schemas"][name] if name else schema
    return found


def operations(document: dict[str, Any]) -> list[tuple[tuple[str, str], dict[str, Any]]]:
    return [((path, method), found) for path, methods in document["paths"].items() for method, found in methods.items()]


def body_schema(path: str, method: str) -> dict[str, Any]:
    (content,) = DOCUMENT["paths"][path][method]["requestBody"]["content"].values()
    schema: dict[str, Any] = content["schema"]
    return schema


def test_only_a_service_with_keys_asks_for_one() -> None:
    assert "securitySchemes" not in DOCUMENT["components"]
    assert SECURED["components"]["securitySchemes"] == {"api_key": {"type": "http", "scheme": "bearer"}}
    for route in ROUTES:
        operation = SECURED["paths"][route.path][route.method.lower()]
        assert operation["security"] == [{"api_key": []}]
        assert f"the scope `{route.scope}`" in operation["description"]
        assert {"401", "403"} <= set(operation["responses"])
    assert "security" not in SECURED["paths"]["/health/live"]["get"]


def test_it_is_served(service: Service) -> None:
    reply = service.get("/openapi.json")
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert without_days(reply.body) == without_days(openapi_document(secured=False))


def without_days(document: bytes) -> bytes:
    """The document whatever day it was made on."""
    return re.sub(rb"\d{4}-\d\d-\d\dT", b"T", document)


def test_the_page_refers_to_nothing_outside(service: Service) -> None:
    moved = service.get("/docs")
    assert (moved.status, moved.headers["Location"]) == (308, "./docs/")
    assert service.get("/docs?q=1", {"Host": "evil.example"}).headers["Location"] == "./docs/?q=1"
    page = service.get("/docs/")
    assert page.status == 200
    assert page.headers["Content-Security-Policy"].startswith("default-src 'self';")
    text = page.body.decode()
    links = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert len(links) >= 6
    for link in links:
        assert link.startswith("./")
        asset = service.get(f"/docs/{link.removeprefix('./')}")
        assert asset.status == 200
        assert len(asset.body) > 100
    assert not re.findall(r"https?://", text)
    assert '"validatorUrl": null' in text
    assert '"url": "../openapi.json"' in text


@pytest.mark.parametrize("path", ["/docs/../keys.py", "/docs/%2e%2e/flask_swagger_ui.py", "/docs/nope.js"])
def test_the_page_gives_out_its_own_files_only(service: Service, path: str) -> None:
    assert service.get(path).status == 404


def test_every_line_of_a_batch_is_what_the_document_says(service: Service) -> None:
    answer = Draft202012Validator({"$ref": "#/components/schemas/AnswerBody", **DOCUMENT})
    users = [f"u{user}" for user in range(60)] + ["nobody"]
    for repeat in ("exclude", "allow", "only"):
        body = {"user_ids": users, "explain": True, "repeat": repeat}
        for line in service.post("/v1/batch/recommendations", body).body.splitlines():
            answer.validate(json.loads(line))
