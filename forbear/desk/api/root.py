"""The root of the API at /api/v1; its description at /api/v1/openapi.json.

An app adds its part in `api.py` with `router = Router(tags=[...])` and a line in `ROUTERS`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from ninja import NinjaAPI
from ninja.security import django_auth

from forbear import __version__
from forbear.desk.api.errors import tell_errors
from forbear.desk.people.bearer import BearerToken

ROUTERS: dict[str, str] = {
    "/me": "forbear.desk.people.api",
    "/approvals": "forbear.desk.people.api_approvals",
    "/users": "forbear.desk.people.api_users",
    "/personal": "forbear.desk.privacy.api",
    "/audit": "forbear.desk.audit.api",
    "/payments": "forbear.desk.money.api",
    "/applications": "forbear.desk.applications.api",
    "/plans": "forbear.desk.plans.api",
    "/hooks": "forbear.desk.money.hooks_api",
    "/webhooks": "forbear.desk.outbound.api",
    "": "forbear.desk.lists.api",
    "/bank-files": "forbear.desk.money.receipts_api:files_router",
    "/receipts": "forbear.desk.money.receipts_api",
    "/acts": "forbear.desk.money.acts_api",
    "/contact/complaints": "forbear.desk.complaints.api",
    "/contact": "forbear.desk.contact.api",
    "/portal": "forbear.desk.portal.api",
    "/placements": "forbear.desk.placements.api",
    "/letters": "forbear.desk.letters.api",
    "/suits": "forbear.desk.litigation.api",
    "/strategies": "forbear.desk.strategies.api",
    "/experiments": "forbear.desk.experiments.api",
}
"""Where in the API each app's `router` (or what is named after a colon) stands; a rule stands on each operation."""


class DeskAPI(NinjaAPI):
    """The API, whose description names on every operation what any of them may answer."""

    def get_openapi_operation_id(self, operation: Any) -> str:
        """A short name for generated clients: the operation's tag and its function, such as `payments_book_payment`."""
        tag = (operation.tags or operation.view_func.__module__.split(".")[-2:-1])[0]
        return f"{tag}_{operation.view_func.__name__}".replace(" ", "_")

    def get_openapi_schema(self, **more: Any) -> Any:
        """The description."""
        schema = super().get_openapi_schema(**more)
        for operation in (one for path in schema["paths"].values() for one in path.values()):
            for status, why in ANY_MAY_ANSWER.items():
                operation["responses"].setdefault(status, {"description": why})
        return schema


ANY_MAY_ANSWER = {
    400: "the body is no JSON",
    401: "nobody is signed in, and no token holds",
    403: "the role may not do this, or the request forges another's session",
    503: "the database does not answer now; ask again, with the same key where there is one",
    429: "the caller asks too often; Retry-After says when to ask again",
    422: "something asked for cannot be; the answer says what and why",
}

api = DeskAPI(
    title="Forbear",
    version=__version__,
    description="The desk of Forbear: loans that fall behind, their borrowers, payments and contacts.",
    auth=[BearerToken(), django_auth],
    docs_url=None,  # Swagger UI comes from elsewhere and runs inline scripts: against our own policy
    openapi_url="/openapi.json",
    urls_namespace="api",
)

tell_errors(api)
for _prefix, _module in ROUTERS.items():
    _path, _, _name = _module.partition(":")
    api.add_router(_prefix, getattr(import_module(_path), _name or "router"))
