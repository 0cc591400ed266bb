"""From what came over the wire to a valid request. All that is wrong with it is reported at once."""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from types import MappingProxyType
from typing import Any, TypeVar, cast, get_args, get_origin
from urllib.parse import parse_qsl, unquote

from flask import Request as HttpRequest
from pydantic import ValidationError
from pydantic_core import ErrorDetails, from_json

from artifacts.shared_limits import MAX_ID_CHARACTERS
from service.http.body import BODY, check_media_type, read_body, read_lines
from service.http.errors import FieldProblem, InvalidRequestError
from service.http.fields import Request
from service.http.json_parts import has_more_parts
from service.http.media_types import NDJSON
from service.limits import MAX_ECHOED_CHARACTERS, MAX_QUERY_FIELDS

Schema = TypeVar("Schema", bound=Request)

MAX_REMEMBERED_CHARACTERS = 512  # of a query string: bounds what a thousand of them take
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?")
_MESSAGES = {
    "extra_forbidden": "is not a known parameter",
    "missing": "is required",
    "string_pattern_mismatch": "must not hold the NUL character",
}
_BOOLEANS = {"true": True, "false": False}


def from_url(schema: type[Schema], path: Mapping[str, str], query: str) -> Schema:
    """A request from its path's ids, still percent-encoded, and its query string.

    Raises InvalidRequestError.
    """
    ids = _valid_ids(path)
    if ids is not None and len(query) <= MAX_REMEMBERED_CHARACTERS:
        try:
            return cast(Schema, schema.model_construct(None, **_remembered(schema, tuple(path), query), **ids))
        except InvalidRequestError:
            pass  # whose problems are told along with the path's, below
    return _from_whole_url(schema, path, query)


def _valid_ids(path: Mapping[str, str]) -> dict[str, str] | None:
    """The path's ids, decoded; None where any is not one."""
    ids = {name: unquote(text, errors="surrogateescape") for name, text in path.items()}
    if all(0 < len(text) <= MAX_ID_CHARACTERS and "\0" not in text and _is_utf8(text) for text in ids.values()):
        return ids
    return None


@lru_cache(maxsize=1_024)
def _remembered(schema: type[Request], names: tuple[str, ...], query: str) -> dict[str, Any]:
    """The valid parameters of a query string, but for those of these names, which the path has: most requests differ in
    the path alone. Raises InvalidRequestError, which is not remembered."""
    request = _from_whole_url(schema, dict.fromkeys(names, "any"), query)
    return {name: getattr(request, name) for name in schema.model_fields if name not in names}


def _from_whole_url(schema: type[Schema], path: Mapping[str, str], query: str) -> Schema:
    problems: list[FieldProblem] = []
    values: dict[str, Any] = {}
    for name, text in path.items():
        _keep(values, name, unquote(text, errors="surrogateescape"), problems)
    if query:
        _read_query(schema, path, query, values, problems)
    return _validated(lambda: schema.model_validate(values), problems)


def from_body(
    schema: type[Schema], request: HttpRequest, max_bytes: int, path: Mapping[str, str] = MappingProxyType({})
) -> Schema:
    """A request from its JSON body and its path's values, still percent-encoded; its URL may hold no parameters.

    Raises InvalidRequestError, MediaTypeError and TooLargeError.
    """
    check_media_type(request)
    problems = _of_the_query(request)
    body = read_body(request, max_bytes, problems)
    if has_more_parts(body, schema.max_parts):
        raise InvalidRequestError([*problems, FieldProblem(field=BODY, message=too_many_parts(schema.max_parts))])
    if not path:
        return _validated(lambda: schema.model_validate_json(body), problems)
    values: dict[str, Any] = {}
    for name, text in path.items():
        _keep(values, name, unquote(text, errors="surrogateescape"), problems)
    return _validated(lambda: schema.model_validate({**_read_object(body, path), **values}), problems)


def lines_from_body(request: HttpRequest, max_bytes: int) -> Iterator[bytes]:
    """The lines of an NDJSON body, as they come; its URL may hold no parameters.

    Raises InvalidRequestError, MediaTypeError and TooLargeError, the latter while the lines are read.
    """
    check_media_type(request, NDJSON)
    if problems := _of_the_query(request):
        raise InvalidRequestError(problems)
    return read_lines(request, max_bytes)


def too_many_parts(most: int) -> str:
    """What is wrong with a body, or a line of one, that takes longer to check than any that can be valid."""
    return f"has more than {most:,} names, texts, brackets and commas"


def field_problems(error: ValidationError) -> list[FieldProblem]:
    """What is wrong with each field."""
    return [_field_problem(detail) for detail in error.errors(include_url=False)]


def _of_the_query(request: HttpRequest) -> list[FieldProblem]:
    return [
        FieldProblem(field=name, message="is not a parameter of the URL here: send it in the body")
        for name in dict.fromkeys(_query_pairs(request.environ["QUERY_STRING"], []))
    ]


def _read_object(body: bytes, path: Mapping[str, str]) -> dict[str, Any]:
    """A body's fields, none of which may be the path's."""
    try:
        fields = from_json(body)
    except ValueError as error:
        raise InvalidRequestError([FieldProblem(field=BODY, message=f"Invalid JSON: {error}")]) from None
    if not isinstance(fields, dict):
        raise InvalidRequestError([FieldProblem(field=BODY, message="Input should be an object")])
    if twice := [name for name in path if name in fields]:
        raise InvalidRequestError([FieldProblem(field=name, message="is given in the path") for name in twice])
    return fields


def _read_query(
    schema: type[Schema],
    path: Mapping[str, str],
    query: str,
    values: dict[str, Any],
    problems: list[FieldProblem],
) -> None:
    readers = _readers(schema)
    for name, texts in _query_pairs(query, problems).items():
        if name in path or name not in readers:
            problems.append(FieldProblem(field=_shortened(name), message="is not a known parameter"))
        elif readers[name] is None:
            _keep_list(values, name, texts, problems)
        elif len(texts) > 1:
            problems.append(FieldProblem(field=name, message="is given more than once"))
        else:
            _keep(values, name, texts[0], problems, readers[name])


def _query_pairs(query: str, problems: list[FieldProblem]) -> dict[str, list[str]]:
    """Every name's values in order; undecodable bytes become lone surrogates, for `_keep` to find."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="surrogateescape", max_num_fields=MAX_QUERY_FIELDS)
    except ValueError:
        problems.append(FieldProblem(field="query", message=f"has more than {MAX_QUERY_FIELDS} parameters"))
        return {}
    grouped: dict[str, list[str]] = {}
    for name, text in pairs:
        grouped.setdefault(name.encode(errors="backslashreplace").decode(), []).append(text)
    return grouped


def _keep(
    values: dict[str, Any],
    name: str,
    text: str,
    problems: list[FieldProblem],
    read: Callable[[str], Any] | None = None,
) -> None:
    if _is_utf8(text):
        values[name] = read(text) if read else text
    else:
        problems.append(FieldProblem(field=name, message="is not UTF-8, percent-encoded"))


def _keep_list(values: dict[str, Any], name: str, texts: list[str], problems: list[FieldProblem]) -> None:
    problems.extend(
        FieldProblem(field=f"{name}[{place}]", message="is not UTF-8, percent-encoded")
        for place, text in enumerate(texts)
        if not _is_utf8(text)
    )
    values[name] = [text if _is_utf8(text) else "?" for text in texts]


def _is_utf8(text: str) -> bool:
    """Whether a text that was decoded with surrogateescape had nothing to escape."""
    return text.isascii() or text.encode(errors="replace") == text.encode(errors="surrogateescape")


@cache
def _readers(schema: type[Request]) -> dict[str, Callable[[str], Any] | None]:
    """How the text of each parameter becomes the value to validate; None for a list of texts."""
    return {name: _reader(field.annotation) for name, field in schema.model_fields.items()}


def _reader(annotation: Any) -> Callable[[str], Any] | None:
    if get_origin(annotation) is list:
        return None
    kinds = {get_args(part)[0] if get_origin(part) else part for part in get_args(annotation) or [annotation]}
    if kinds & {int, float}:
        return _number
    if bool in kinds:
        return _boolean
    return str


# What does not read as its type is left as text, which strict validation then refuses with the field's own message.
def _number(text: str) -> float | str:
    return float(text) if _NUMBER.fullmatch(text) else text


def _boolean(text: str) -> bool | str:
    return _BOOLEANS.get(text, text)


def _validated(validate: Callable[[], Schema], problems: list[FieldProblem]) -> Schema:
    try:
        schema = validate()
    except ValidationError as error:
        named = {problem["field"] for problem in problems}
        problems.extend(problem for problem in field_problems(error) if problem["field"] not in named)
        raise InvalidRequestError(problems) from error
    if problems:
        raise InvalidRequestError(problems)
    return schema


def _field_problem(detail: ErrorDetails) -> FieldProblem:
    problem = FieldProblem(field=_field_name(detail["loc"]), message=_message(detail))
    value = detail["input"]
    if isinstance(value, str):
        problem["value"] = _shortened(value)
    elif isinstance(value, bool | int | float) and abs(value) < 2**53:
        problem["value"] = value
    return problem


def _field_name(location: tuple[int | str, ...]) -> str:
    """`items[3]` for a list's fourth element."""
    name = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return _shortened(name.removeprefix(".")) or BODY


def _message(detail: ErrorDetails) -> str:
    if detail["type"] == "value_error":
        return str(detail["ctx"]["error"])
    return _MESSAGES.get(detail["type"], detail["msg"])


def _shortened(text: str) -> str:
    return text if len(text) <= MAX_ECHOED_CHARACTERS else text[:MAX_ECHOED_CHARACTERS] + "…"
