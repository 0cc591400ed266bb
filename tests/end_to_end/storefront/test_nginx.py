"""Behind nginx with the example's configuration: what the page of the HTTP API shows, odd ids, and links."""

from urllib.parse import quote, urljoin

import pytest

from tests.end_to_end.docs.test_http_api import assert_shapes
from tests.end_to_end.storefront.conftest import ODD_IDS, Behind
from tests.end_to_end.test_ids import AWKWARD
from tests.support.documents import curls, page
from tests.support.gunicorn_service import Reply, Service
from tests.support.nginx import PREFIX


def bare(storefront: Behind, target: str, method: str = "GET") -> Reply:
    """What nginx answers at a path of its own."""
    return Service(storefront.port, storefront.pid, storefront.out, storefront.err).ask(method, target)


def test_the_page_can_be_followed(storefront: Behind) -> None:
    asked = list(curls([page("http-api")]))
    assert len(asked) > 15
    assert_shapes(storefront, asked)


@pytest.mark.parametrize("item_id", ODD_IDS.values())
def test_an_id_is_the_same_behind_nginx(storefront: Behind, item_id: str) -> None:
    path = f"/v1/items/{quote(item_id, safe='')}"
    assert storefront.get(path).json["item"]["item_id"] == item_id
    for question in ("cross-sell", "similar", "viewed-together"):
        answer = storefront.get(f"{path}/{question}?limit=3").json
        assert (answer["missing_ids"], answer["fallback"]) == ([], None)
        assert item_id not in {pick["item_id"] for pick in answer["items"]}
    page = storefront.get(f"/v1/items?limit=100&after={quote(item_id, safe='')}").json
    assert all(item["item_id"].encode() > item_id.encode() for item in page["items"])


@pytest.mark.parametrize("user_id", AWKWARD)
def test_any_user_id_is_the_same(storefront: Behind, user_id: str) -> None:
    encoded = quote(user_id, safe="").replace(".", "%2E")
    assert storefront.get(f"/v1/users/{encoded}/recommendations?limit=1").json["user_id"] == user_id


def test_every_link_leads_somewhere_below_the_prefix(storefront: Behind) -> None:
    root = storefront.get("/")
    assert root.status == 200
    links = {name: urljoin(f"{PREFIX}/", link) for name, link in root.json["links"].items()}
    ids = {"item_id": quote("A/1", safe=""), "user_id": "u1"}
    assert len(links) > 12
    for name, link in links.items():
        assert link.startswith(f"{PREFIX}/"), name
        assert storefront.get(link.removeprefix(PREFIX).format(**ids)).status == 200, name


def test_the_documentation_works_below_the_prefix(storefront: Behind) -> None:
    moved = bare(storefront, f"{PREFIX}/docs")
    assert moved.status == 308
    assert urljoin(f"{PREFIX}/docs", moved.headers["Location"]) == f"{PREFIX}/docs/"
    text = bare(storefront, f"{PREFIX}/docs/").body.decode()
    assert '"url": "../openapi.json"' in text
    assert bare(storefront, urljoin(f"{PREFIX}/docs/", "./swagger-ui-bundle.js")).status == 200
    document = bare(storefront, f"{PREFIX}/openapi.json").json
    (server,) = document["servers"]
    assert urljoin(f"{PREFIX}/openapi.json", server["url"]) == f"{PREFIX}/"


def test_who_has_no_key_is_led_to_the_documentation(storefront: Behind) -> None:
    sent = {"Accept": "text/html", "Authorization": ""}
    for target in ("/v1/model", "/v1/model/report", "/metrics", "/v1/items/a%2Fb"):
        text = storefront.get(target, sent).body.decode()
        (link,) = [part.partition('"')[0] for part in text.split('<a href="')[1:]]
        assert urljoin(PREFIX + target, link) == f"{PREFIX}/docs/"


def test_nothing_but_the_prefix_is_handed_on(storefront: Behind) -> None:
    moved = bare(storefront, PREFIX)
    assert (moved.status, urljoin("/", moved.headers["Location"])) == (308, f"{PREFIX}/")
    for target in ("/v1/popular", "/rec%73/v1/popular", "//recs/v1/popular", "/other/../recs/v1/popular"):
        assert bare(storefront, target).status == 404, target
    assert bare(storefront, f"{PREFIX}/../v1/popular").status == 404
