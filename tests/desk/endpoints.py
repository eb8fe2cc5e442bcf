"""Every address of the desk, page or API operation, read from the URL resolver: what tests of all addresses go by."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver

from forbear.desk.api.root import api

SAMPLES = {"int": "1", "uuid": "00000000-0000-4000-8000-000000000000", "path": "X"}


@dataclass(frozen=True)
class Endpoint:
    """An address with one method; `action` is what it requires, None: nothing.

    `hers`: it belongs to a borrower's own page, which a visit of hers guards instead (forbear/desk/portal/visits.py).
    """

    route: str
    method: str
    action: str | None
    is_api: bool
    body: Any = None
    hers: bool = False

    def path(self, value: str = "X") -> str:
        """The address with every parameter filled in."""

        def fill(match: re.Match[str]) -> str:
            kind, _, _ = match[1].rpartition(":")
            return SAMPLES.get(kind, value)

        return "/" + re.sub(r"[<{]([^>}]+)[>}]", fill, self.route)

    @property
    def has_parameter(self) -> bool:
        return "<" in self.route or "{" in self.route

    def __str__(self) -> str:
        return f"{self.method} /{self.route}"


def endpoints() -> list[Endpoint]:
    """All of them, sign-in's own pages (`accounts/`) left out: those are allauth's."""
    return [*_pages(get_resolver(), ""), *_operations()]


def _pages(resolver: URLResolver, before: str) -> Iterator[Endpoint]:
    for pattern in resolver.url_patterns:
        route = before + str(pattern.pattern)
        if route.startswith(("accounts/", "api/v1/")):
            continue
        if isinstance(pattern, URLResolver):
            yield from _pages(pattern, route)
        elif isinstance(pattern, URLPattern):
            action = getattr(pattern.callback, "action", None) or _inner_action(pattern.callback)
            for method in ("GET", "POST"):
                yield Endpoint(route, method, action, is_api=False, hers=getattr(pattern.callback, "hers", False))


def _inner_action(view: Any) -> str | None:
    while view is not None:
        if action := getattr(view, "action", None):
            return str(action)
        view = getattr(view, "__wrapped__", None)
    return None


def _operations() -> Iterator[Endpoint]:
    schema = api.get_openapi_schema(path_prefix="/api/v1/")
    bodies = {
        (path, method.upper()): operation.get("requestBody", {}).get("content", {}).get("application/json", {})
        for path, item in schema["paths"].items()
        for method, operation in item.items()
    }
    for prefix, router in api._routers:
        for path, view in router.path_operations.items():
            route = "/".join(filter(None, ["api/v1", prefix.strip("/"), path.strip("/")]))
            for operation in view.operations:
                for method in operation.methods:
                    wanted = bodies.get((f"/{route}", method), {}).get("schema")
                    body = example(wanted, schema) if wanted else None
                    yield Endpoint(route, method, _inner_action(operation.view_func), is_api=True, body=body)


def example(wanted: dict[str, Any], schema: dict[str, Any]) -> Any:
    """The smallest value that fits a JSON schema of ours."""
    if "$ref" in wanted:
        return example(schema["components"]["schemas"][wanted["$ref"].split("/")[-1]], schema)
    for either in ("anyOf", "oneOf", "allOf"):
        if either in wanted:
            return example(wanted[either][0], schema)
    if "enum" in wanted:
        return wanted["enum"][0]
    if "const" in wanted:
        return wanted["const"]
    kind = wanted.get("type")
    if kind == "object":
        needed = wanted.get("required", [])
        return {name: example(wanted["properties"][name], schema) for name in needed}
    if kind == "array":
        return [example(wanted["items"], schema)] * max(1, wanted.get("minItems", 1))
    if kind in {"integer", "number"}:
        return wanted.get("minimum", wanted.get("exclusiveMinimum", 0) + 1)
    if kind == "boolean":
        return True
    formats = {"date": "2026-06-01", "date-time": "2030-06-01T08:00:00Z", "uuid": SAMPLES["uuid"]}
    return formats.get(wanted.get("format", ""), "x" * max(1, wanted.get("minLength", 1)))
