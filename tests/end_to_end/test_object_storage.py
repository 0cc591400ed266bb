"""Rows from an S3-compatible server and from a web server, both on this machine."""

import socket
from collections.abc import Callable, Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import polars as pl
import pytest
from moto.server import ThreadedMotoServer

from training.config import Config, Data
from training.errors import DataError
from training.interactions.interactions import Interactions, read_interactions

Upload = Callable[[str, pl.DataFrame | bytes], str]
ROWS = pl.DataFrame({"user_id": ["007", "8"], "item_id": ["0042", "43"], "time": ["2024-03-01", "2024-03-02"]})


def read(source: str, catalogue: str | None = None) -> Interactions:
    return read_interactions(Config(data=Data(source=source, catalogue=catalogue)), progress=False)


def items(source: str) -> list[str]:
    return read(source).frame["item_id"].to_list()


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(autouse=True)
def bucket(s3_endpoint: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A bucket `shop`, found as any S3 client finds it: by the AWS_* environment."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    boto3.client("s3").create_bucket(Bucket="shop")


def write(frame: pl.DataFrame, file: Path) -> None:
    writers: dict[str, Callable[[Path], None]] = {
        ".csv": frame.write_csv,
        ".parquet": frame.write_parquet,
        ".ndjson": frame.write_ndjson,
    }
    writers[file.suffix](file)


@pytest.fixture
def upload(tmp_path: Path) -> Upload:
    def put(key: str, content: pl.DataFrame | bytes) -> str:
        file = tmp_path / Path(key).name
        if isinstance(content, bytes):
            file.write_bytes(content)
        else:
            write(content, file)
        boto3.client("s3").upload_file(str(file), "shop", key)
        return f"s3://shop/{key}"

    return put


@pytest.mark.parametrize("ending", ["csv", "parquet", "ndjson"])
def test_an_object_of_any_format(upload: Upload, ending: str) -> None:
    frame = read(upload(f"one/orders.{ending}", ROWS)).frame
    assert frame.select("user_id", "item_id").rows() == [("007", "0042"), ("8", "43")]


def test_a_glob_and_a_prefix(upload: Upload) -> None:
    for number in (0, 1):
        upload(f"days/2024/day{number}.parquet", ROWS[number : number + 1])
    upload("days/2024/notes.txt", b"not data")
    assert items("s3://shop/days/*/day*.parquet") == ["0042", "43"]
    assert items("s3://shop/days/2024/day1.parquet") == ["43"]
    assert items("s3://shop/days/") == ["0042", "43"]


def test_a_catalogue_beside_local_rows(upload: Upload, tmp_path: Path) -> None:
    ROWS.write_csv(tmp_path / "orders.csv")
    catalogue = upload("items.csv", pl.DataFrame({"item_id": ["43", "0042"], "title": ["Cup", "Pen"]}))
    products = read(str(tmp_path / "orders.csv"), catalogue).catalogue
    assert products.select("item_id", "title").rows() == [("0042", "Pen"), ("43", "Cup")]


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("none/orders.parquet", "s3://shop/none/orders.parquet: no such file"),
        ("none/*.csv", r"s3://shop/none/\*\.csv: no file matches"),
        ("none/", "s3://shop/none/: no data file"),
        ("none/orders", "s3://shop/none/orders: of no known format"),
    ],
)
def test_what_is_not_there_is_named(key: str, problem: str) -> None:
    with pytest.raises(DataError, match=problem):
        read(f"s3://shop/{key}")


def test_a_missing_bucket_is_named() -> None:
    with pytest.raises(DataError, match=r"s3://no-shop/orders\.csv: no such file"):
        read("s3://no-shop/orders.csv")


def test_malformed_objects_are_named_with_their_line(upload: Upload) -> None:
    upload("broken/a.csv", ROWS)
    upload("broken/b.csv", ROWS.write_csv().encode() + b"1,2,2024-01-01,more\n")
    with pytest.raises(DataError, match=r"s3://shop/broken/b\.csv, line 4: 4 fields where the header names 3"):
        read("s3://shop/broken/*.csv")
    with pytest.raises(DataError, match=r"s3://shop/broken\.ndjson, line 3: no JSON"):
        read(upload("broken.ndjson", ROWS.write_ndjson().encode() + b'{"user_id"\n'))


def test_an_unreachable_store_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, not listening: every connection is refused
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{closed.getsockname()[1]}")
        with pytest.raises(DataError, match=r"s3://shop/orders\.parquet: cannot be reached: .*refused"):
            read("s3://shop/orders.parquet")


class _RangeHandler(BaseHTTPRequestHandler):
    """Serves the files of a directory, with the ranges that Polars asks for (Python's own handler has none)."""

    protocol_version = "HTTP/1.1"

    def __init__(self, directory: Path, *args: Any) -> None:
        self.directory = directory
        super().__init__(*args)

    def do_HEAD(self) -> None:
        self._answer(with_body=False)

    def do_GET(self) -> None:
        self._answer(with_body=True)

    def _answer(self, with_body: bool) -> None:
        file = self.directory / self.path.partition("?")[0].lstrip("/")
        if not file.is_file():
            self.send_error(404)
            return
        content = file.read_bytes()
        first, last = 0, len(content) - 1
        asked = self.headers.get("Range")
        if asked:
            start, _, end = asked.removeprefix("bytes=").partition("-")
            first, last = (
                (int(start), min(int(end or last), last)) if start else (max(0, len(content) - int(end)), last)
            )
        self.send_response(206 if asked else 200)
        self.send_header("Accept-Ranges", "bytes")
        self.send_header("Content-Length", str(last - first + 1))
        if asked:
            self.send_header("Content-Range", f"bytes {first}-{last}/{len(content)}")
        self.end_headers()
        if with_body:
            self.wfile.write(content[first : last + 1])

    def log_message(self, *args: object) -> None:
        """Nothing on the test's stderr."""


@pytest.fixture
def website(tmp_path: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_RangeHandler, tmp_path))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def test_files_of_a_web_server(website: str, tmp_path: Path) -> None:
    ROWS.write_csv(tmp_path / "orders.csv")
    ROWS.write_parquet(tmp_path / "orders.parquet")
    interactions = read(f"{website}/orders.csv?signature=secret")
    assert interactions.frame["item_id"].to_list() == ["0042", "43"]
    assert interactions.source == f"{website}/orders.csv"
    assert items(f"{website}/orders.parquet") == ["0042", "43"]


def test_a_page_that_is_not_there_is_named(website: str) -> None:
    with pytest.raises(DataError, match=r"/none\.csv: no such file") as caught:
        read(f"{website}/none.csv?signature=secret")
    assert "secret" not in str(caught.value)


def test_a_prefix_without_files_is_named_without_its_account() -> None:
    with pytest.raises(DataError, match=r"^s3://shop/none/: no data file"):
        read("s3://me:secret@shop/none/")
