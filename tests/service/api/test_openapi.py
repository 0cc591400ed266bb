import json
import re

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from service.api.openapi import openapi_document
from service.api.routes import ROUTES
from service.app import create_app
from service.settings import read_settings
from tests.support.gunicorn_service import Service

DOCUMENT = json.loads(openapi_document(secured=False))
SECURED = json.loads(openapi_document(secured=True))
UNDOCUMENTED = {"/openapi.json", "/docs/", "/docs/<path:path>"}


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
    }
    assert by_name["min_price"]["schema"] == {"type": "number", "title": "Min Price", "minimum": 0}
    assert by_name["repeat"]["schema"]["enum"] == ["exclude", "allow", "only"]
    assert {name for name, parameter in by_name.items() if parameter["required"]} == {"user_id"}
    assert DOCUMENT["components"]["schemas"]["Rank"]["required"] == ["user_id", "items"]
    assert DOCUMENT["components"]["schemas"]["Rank"]["additionalProperties"] is False


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
    assert reply.json == DOCUMENT


def test_the_page_refers_to_nothing_outside(service: Service) -> None:
    moved = service.get("/docs")
    assert (moved.status, moved.headers["Location"]) == (308, f"{service.url}/docs/")
    page = service.get("/docs/")
    assert page.status == 200
    assert page.headers["Content-Security-Policy"].startswith("default-src 'self';")
    text = page.body.decode()
    links = re.findall(r'(?:src|href)="([^"]+)"', text)
    assert len(links) >= 6
    for link in links:
        assert link.startswith("/docs/")
        asset = service.get(link)
        assert asset.status == 200
        assert len(asset.body) > 100
    addresses = set(re.findall(r"https?://[^/\"' ]+", text))
    assert addresses <= {service.url}
    assert '"validatorUrl": null' in text
    assert '"url": "/openapi.json"' in text


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
