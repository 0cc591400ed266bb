"""JSON schemas of requests and answers, generated from their types, as the OpenAPI document shows them."""

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from service.api.examples import BODIES, PARAMETERS
from service.api.route_types import Route

Json = dict[str, Any]

_REF = "#/components/schemas/{model}"
# What many requests have, in the order that readers look for it; what a request has of its own comes before.
_COMMON = (
    "limit",
    "offset",
    "after",
    "exclude",
    "category",
    "min_price",
    "max_price",
    "in_stock",
    "repeat",
    "personalized",
    "explain",
)


def answer_schema(kind: Any, components: Json) -> Json:
    """A reference to a type's schema, which is put into `components` with all it refers to."""
    if kind is str:
        return {"type": "string"}
    components[kind.__name__] = _schema(kind, components, "serialization")
    return {"$ref": _REF.format(model=kind.__name__)}


def request_schemas(route: Route, components: Json) -> tuple[list[Json], Json | None]:
    """What a request takes: the parameters of its URL, and its body's schema where it has one.

    The body's schema stands where it is used: generators of clients take a component's defaults for what is always
    there, as in an answer, and would have every request spell them out.
    """
    schema = _schema(route.schema, components, "validation")
    properties, required = schema["properties"], schema.get("required", [])
    in_url = [name for name in properties if not route.has_body or f"{{{name}}}" in route.path]
    parameters = [_parameter(route.path, name, properties.pop(name), name in required) for name in in_url]
    if not route.has_body:
        return parameters, None
    schema["required"] = [name for name in required if name not in in_url]
    return parameters, schema


def _schema(kind: Any, components: Json, mode: JsonSchemaMode) -> Json:
    schema = TypeAdapter(kind).json_schema(ref_template=_REF, mode=mode)
    _drop_null_defaults(schema)
    components.update({name: _finished(name, part) for name, part in schema.pop("$defs", {}).items()})
    return _finished(kind.__name__, schema)


def _drop_null_defaults(schema: Any) -> None:
    """Null is no default worth a word: it says no more than that the field may be left out."""
    if isinstance(schema, dict):
        if schema.get("default", ...) is None:
            del schema["default"]
        for part in schema.values():
            _drop_null_defaults(part)
    elif isinstance(schema, list):
        for part in schema:
            _drop_null_defaults(part)


def _finished(name: str, schema: Json) -> Json:
    """In the order for readers, with an example."""
    if properties := schema.get("properties"):
        schema["properties"] = {field: properties[field] for field in sorted(properties, key=_place)}
    if name in BODIES:
        schema["examples"] = [BODIES[name]]
    return schema


def _place(field: str) -> int:
    return _COMMON.index(field) if field in _COMMON else -1


def _parameter(path: str, name: str, field: Json, required: bool) -> Json:
    parameter: Json = {"name": name, "in": "path" if f"{{{name}}}" in path else "query", "required": required}
    if "description" in field:
        parameter["description"] = field.pop("description")
    schema = _without_null(field)
    # The page fills in a parameter's example, but only shows a schema's: nobody wants a filter before they ask for it.
    if required:
        parameter["example"] = PARAMETERS[name]
    else:
        schema["examples"] = [PARAMETERS[name]]
    return parameter | {"schema": schema}


def _without_null(field: Json) -> Json:
    """A URL has no null: an optional parameter is left out."""
    kinds = [kind for kind in field.pop("anyOf", []) if kind != {"type": "null"}]
    return {**field, **(kinds[0] if kinds else {})}
