"""How a file's text is encoded: by its mark, by its zero bytes, or because it is no UTF-8."""

import codecs
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from training.errors import DataError

CHUNK = 1 << 20
SAMPLE = 1 << 16
MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as UTF-16's does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
ZERO_SHARE = 0.3  # of the even, or of the odd bytes of UTF-16; Western text has half of all
NOT_IN_1252 = frozenset(b"\x81\x8d\x8f\x90\x9d")
STRAY_SHARE = 0.01  # of the lines with more than ASCII: as many may look like UTF-8 and be another encoding


@dataclass(frozen=True)
class TextKind:
    """`encoding` is a codec's name; `mac`: lines end in a carriage return alone."""

    encoding: str
    mac: bool = False

    @property
    def plain(self) -> bool:
        """Whether it can be read as it is: UTF-8, lines that end in a line feed."""
        return self.encoding in ("utf-8", "utf-8-sig", "ascii") and not self.mac


def find_text_kind(path: str, encoding: str | None = None) -> TextKind:
    """How the text of a local file, which may be gzipped, is encoded, unless `encoding` says; looks at all of it.

    Raises DataError (with the line) where some of it is UTF-8 and some is not, OSError if it cannot be read.
    """
    with open_bytes(path) as file:
        sample = file.read(SAMPLE)
    marked = next((name for mark, name in MARKS if sample.startswith(mark)), None)
    if encoding not in (None, "utf-8") or (marked or "").startswith(("utf-16", "utf-32")):
        name = encoding if encoding not in (None, "utf-8") else marked
        return TextKind(name or "utf-8", _only_returns(sample.replace(b"\0", b"")))
    if wide := _wide(sample):
        return TextKind(wide, _only_returns(sample.replace(b"\0", b"")))
    found = marked or ("utf-8" if encoding or _is_utf8(path) else _one_byte(path))
    return TextKind(found, _only_returns(sample))


def open_bytes(path: str) -> BinaryIO:
    """A file's content, decompressed if it is gzipped."""
    with open(path, "rb") as file:  # noqa: PTH123 - a path as text, whatever is in it
        zipped = file.read(2) == b"\x1f\x8b"
    return gzip.open(path, "rb") if zipped else open(path, "rb")  # type: ignore[return-value]  # noqa: PTH123


def _wide(sample: bytes) -> str | None:
    """UTF-16 without its mark: the high bytes of Western letters, digits and separators are zero."""
    share = [half.count(0) / max(len(half), 1) for half in (sample[0::2], sample[1::2])]
    if max(share) < ZERO_SHARE or min(share) > ZERO_SHARE / 2:
        return None
    return "utf-16-be" if share[0] > share[1] else "utf-16-le"


def _only_returns(sample: bytes) -> bool:
    return b"\r" in sample.rstrip(b"\r") and b"\n" not in sample


def _is_utf8(path: str) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        for chunk in _chunks(path):
            if decoder.getstate()[0] or not chunk.isascii():
                decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _one_byte(path: str) -> str:
    """Windows-1252, or Latin-1 where there are bytes that it has no letter for, if hardly a line is UTF-8."""
    valid = invalid = 0
    first: str | None = None
    bytes_seen: set[int] = set()
    with open_bytes(path) as file:
        for number, line in enumerate(file, start=1):
            if line.isascii():
                continue
            bytes_seen.update(line)
            wrong = _no_utf8(line)
            valid, invalid = valid + (wrong is None), invalid + (wrong is not None)
            first = first or (wrong and f"line {number}: no UTF-8 (byte {wrong})")
    if valid > STRAY_SHARE * (valid + invalid):
        raise DataError(
            f"{path}, {first}, though {valid:,} other lines are; convert the file to UTF-8, or say encoding"
        )
    return "latin-1" if bytes_seen & NOT_IN_1252 else "windows-1252"


def _no_utf8(line: bytes) -> str | None:
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as error:
        return f"{line[error.start]:#04x}"
    return None


def _chunks(path: str) -> Iterator[bytes]:
    with open_bytes(path) as file:
        while chunk := file.read(CHUNK):
            yield chunk
