"""The page with a shelf of picks, in a real browser: it reads across origins, and takes titles for text."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from artifacts.publishing.store import Store
from tests.support.gunicorn_service import Service, running, wait_for
from tests.support.paths import ROOT
from tests.support.web_page import shown, site

SHELF = ROOT / "examples" / "clients" / "shelf.html"
HOSTILE = "<img src=x onerror=\"document.title='broken'\">&amp; more"
LONG = "Espresso machine with a steam wand and " + "Donaudampfschifffahrtsgesellschaft" * 9
# A page that shows the shelf's in a frame as wide as a window, and says how wide it came out.
FRAME = """<!doctype html><title>not measured</title>
<iframe src="shelf.html" width="{width}" height="900" frameborder="0">
</iframe><script>
const frame = document.querySelector("iframe");
const measured = setInterval(() => {{
  const {{ clientWidth, scrollWidth }} = frame.contentDocument.documentElement;
  if (!frame.contentDocument.querySelector(".shelf li")) return;
  document.title = `${{frame.contentWindow.innerWidth}} ${{scrollWidth - clientWidth}}`;
  clearInterval(measured);
}}, 50);
</script>"""


# What is added to the page: its title says how many lines the tallest title takes, and whether each card has room left.
MEASURED = """<script>
const measuring = setInterval(() => {
  const titles = [...document.querySelectorAll(".title")];
  if (!titles.length) return;
  const lines = titles.map((one) => Math.round(one.clientHeight / parseFloat(getComputedStyle(one).lineHeight)));
  const below = (card) => card.getBoundingClientRect().bottom - card.lastElementChild.getBoundingClientRect().bottom;
  const room = [...document.querySelectorAll(".pick")].map(below);
  document.title = `${Math.max(...lines)} lines, ${Math.min(...room) > 8 ? "room" : "no room"}`;
  clearInterval(measuring);
}, 50);
</script>"""


class Shelf(HTMLParser):
    """What stands on the shelf, and which elements the page has."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.titles: list[str] = []
        self.links: list[str | None] = []
        self.pictures: list[dict[str, str | None]] = []
        self.written: list[dict[str, str | None]] = []
        self.sold_out = 0
        self.hidden = False
        self._in_title = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self._in_title = given.get("class") == "title"
        if tag == "section":
            self.hidden = "hidden" in given
        if tag == "a":
            self.links.append(given.get("href"))
        if self._in_title:
            self.written.append(given)
        self.sold_out += given.get("class") == "sold-out"
        if tag == "img":
            self.pictures.append(given)

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.titles.append(data)
            self._in_title = False


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the shop's pages."""
    return tmp_path_factory.mktemp("pages")


@pytest.fixture(scope="module")
def origin(pages: Path) -> Iterator[str]:
    with site(pages) as url:
        yield url


@pytest.fixture(scope="module")
def shop(tiny_store: Store, origin: str, pages: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that lets the shop's pages read, whose best seller has a title that means harm."""
    directory = tmp_path_factory.mktemp("shop")
    with running(tiny_store.root, directory, CORS_ORIGINS=origin, LIVE_URL=f"sqlite:///{directory}/live.db") as service:
        best = service.get("/v1/popular?limit=1").json["items"][0]["item_id"]
        change = {"title": HOSTILE, "product_url": "javascript:alert(1)", "image_url": f"{origin}/picture.svg"}
        assert service.ask("PUT", f"/v1/items/{best}", change).status == 200
        wait_for(lambda: service.get("/v1/popular?limit=1").json["items"][0]["title"] == HOSTILE)
        (pages / "picture.svg").write_text('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')
        (pages / "shelf.html").write_text(page_for(service.url))
        yield service


def page_for(url: str) -> str:
    """The page as it stands, but for the service's port."""
    text, changed = re.subn(r'data-service="http://127\.0\.0\.1:8000"', f'data-service="{url}"', SHELF.read_text())
    assert changed == 1
    return text


def test_it_shows_what_sells(shop: Service, origin: str, tmp_path: Path) -> None:
    picks = shop.get("/v1/popular?limit=8").json["items"]
    text = shown(f"{origin}/shelf.html", tmp_path)
    shelf = Shelf(text)
    assert not shelf.hidden
    assert shelf.titles == [pick["title"] for pick in picks]
    assert shelf.links == [pick["product_url"] for pick in picks[1:]]
    assert shelf.pictures[0] == {"alt": "", "loading": "lazy", "src": f"{origin}/picture.svg"}
    assert "<title>A shelf of picks</title>" in text


@pytest.mark.parametrize("width", [400, 1280])
def test_it_is_no_wider_than_its_window(shop: Service, origin: str, pages: Path, tmp_path: Path, width: int) -> None:
    (pages / "frame.html").write_text(FRAME.format(width=width))
    assert f"<title>{width} 0</title>" in shown(f"{origin}/frame.html", tmp_path)


def test_odd_items_keep_the_shelf_in_shape(shop: Service, origin: str, pages: Path, tmp_path: Path) -> None:
    changes: dict[str, dict[str, object]] = {
        "!1": {"title": LONG, "price": 1299, "available": True},
        "!2": {"title": "כיסוי כרית 40 x 40", "available": False},
    }
    for item_id, change in changes.items():
        assert shop.ask("PUT", f"/v1/items/{item_id}", change).status == 200
    path = "v1/items?in_stock=false&limit=2"
    wait_for(lambda: [item["item_id"] for item in shop.get(f"/{path}").json["items"]] == list(changes))
    page = page_for(shop.url).replace("v1/popular?limit=8", path)
    (pages / "odd.html").write_text(page + MEASURED)
    text = shown(f"{origin}/odd.html", tmp_path)
    assert "<title>3 lines, room</title>" in text
    shelf = Shelf(text)
    titles = [change["title"] for change in changes.values()]
    assert [(given.get("title"), given.get("dir")) for given in shelf.written] == [(title, "auto") for title in titles]
    assert shelf.sold_out == 1


def test_a_page_of_another_origin_is_let_nothing(shop: Service, tmp_path: Path) -> None:
    (tmp_path / "shelf.html").write_text(page_for(shop.url))
    with site(tmp_path) as other:
        shelf = Shelf(shown(f"{other}/shelf.html", tmp_path))
    assert shelf.hidden
    assert shelf.titles == []
