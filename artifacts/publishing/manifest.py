"""A version's manifest: which files it holds, and what they were made from, with what and how well."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints, TypeAdapter, ValidationError

from artifacts.errors import ArtifactError, BrokenVersionError, UnknownFormatError

FORMAT = 1
MANIFEST_NAME = "manifest.json"
REPORT_NAME = "report.html"
VERSION_PATTERN = r"^[0-9]{8}T[0-9]{6}Z-[0-9a-f]{8}$"


def is_version_name(text: str) -> bool:
    """Whether `text` is of the form `YYYYMMDDTHHMMSSZ-xxxxxxxx`."""
    return re.fullmatch(VERSION_PATTERN, text) is not None


def parse_created(text: str) -> datetime:
    """The time of an ISO 8601 text in UTC. Raises ValueError for another zone or none."""
    time = datetime.fromisoformat(text)
    if time.utcoffset() != timedelta(0):
        raise ValueError(f"{text!r} is not a time in UTC")
    return time.astimezone(UTC)


def _is_time(text: str) -> str:
    parse_created(text)
    return text


def _is_plain_name(name: str) -> str:
    if name in {"", ".", "..", MANIFEST_NAME} or "/" in name or "\0" in name:
        raise ValueError(f"{name!r} is not the plain name of a file beside {MANIFEST_NAME}")
    return name


_STRICT = ConfigDict(extra="forbid", strict=True)
VersionName = Annotated[str, StringConstraints(pattern=VERSION_PATTERN)]
FileName = Annotated[str, AfterValidator(_is_plain_name)]


@dataclass(frozen=True)
class FileEntry:
    """A published file: `size` in bytes; `shape` and `dtype` (as `<f4`) of a .npy, else None."""

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    sha256: Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]
    size: Annotated[int, Field(ge=0)]
    shape: tuple[Annotated[int, Field(ge=0)], ...] | None = None
    dtype: str | None = None


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """What the training knows about its version; all values must be expressible in JSON.

    `created` is ISO 8601 text in UTC and gives the version its name, `data` says what was read (source,
    fingerprint, rows, from, to, n_users, n_items, n_baskets; newest, the last event of the shop's own data), `cleaning`
    counts rows by reason, `seconds` is by step.
    """

    __pydantic_config__: ClassVar[ConfigDict] = _STRICT

    created: Annotated[str, AfterValidator(_is_time)]
    data: Mapping[str, Any] = field(default_factory=dict)
    configuration: Mapping[str, Any] = field(default_factory=dict)
    libraries: Mapping[str, str] = field(default_factory=dict)
    git_commit: str | None = None
    cleaning: tuple[tuple[str, int], ...] = ()
    metrics: Mapping[str, Any] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Manifest(Provenance):
    """All that is known about a version. `previous` is the one it took over from, None for a first one."""

    format: int
    version: VersionName
    previous: VersionName | None
    files: Mapping[FileName, FileEntry]


_MANIFEST = TypeAdapter(Manifest)


def files_hash(files: Mapping[str, FileEntry]) -> str:
    """8 hexadecimal digits that depend on the files' names and contents only, not on when they were made.

    The report does not count: it tells of the versions before it too, and changes no answer.
    """
    digest = hashlib.sha256()
    for name in sorted(files.keys() - {REPORT_NAME}):
        digest.update(f"{name}\0{files[name].sha256}\n".encode())
    return digest.hexdigest()[:8]


def version_name(created: str, files: Mapping[str, FileEntry]) -> str:
    """`YYYYMMDDTHHMMSSZ-xxxxxxxx`: the time, so that names sort by age, and the hash of the files."""
    return f"{parse_created(created):%Y%m%dT%H%M%SZ}-{files_hash(files)}"


def read_manifest(directory: Path) -> Manifest:
    """The manifest of a version's directory, all fields checked; the files themselves are not looked at.

    Raises BrokenVersionError where it is missing or malformed, UnknownFormatError where a later or earlier
    program wrote it.
    """
    try:
        text = (directory / MANIFEST_NAME).read_bytes()
        content = json.loads(text)
    except (OSError, ValueError, RecursionError) as error:
        raise BrokenVersionError(directory, f"{MANIFEST_NAME}: cannot be read: {error}") from error
    if not isinstance(content, dict) or "format" not in content:
        raise BrokenVersionError(directory, f"{MANIFEST_NAME}: holds no format number")
    if content["format"] != FORMAT:
        raise UnknownFormatError(directory, content["format"], FORMAT)
    try:
        return _MANIFEST.validate_json(text)
    except ValidationError as error:
        raise BrokenVersionError(directory, *_problems(error)) from error


def _problems(error: ValidationError) -> list[str]:
    return [f"{MANIFEST_NAME}: {'.'.join(map(str, detail['loc']))}: {detail['msg']}" for detail in error.errors()]


def write_manifest(directory: Path, manifest: Manifest) -> None:
    """Write `manifest.json`: sorted keys, indented. Raises ArtifactError for what JSON cannot hold: NaN."""
    path = directory / MANIFEST_NAME
    try:
        text = json.dumps(asdict(manifest), sort_keys=True, indent=2, ensure_ascii=False, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ArtifactError(f"{path}: cannot be written: {error}") from error
    path.write_text(text + "\n", encoding="utf-8")
