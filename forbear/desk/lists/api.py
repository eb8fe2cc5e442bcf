"""Reading lists through the API: a page at a time by key, one row by its id, or the whole as a file.

The operations and their types are made from the descriptions in `lists.toml`, so that an export and the API can never
differ in what a column is called or who sees a row.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, StreamingHttpResponse
from django.utils import timezone
from ninja import Path, Query, Router, Schema
from pydantic import AwareDatetime, Field, create_model

from forbear.desk.lists.described import Column, Described, lists
from forbear.desk.lists.exporting import RIGHT, export, may_export
from forbear.desk.lists.formats import FORMATS
from forbear.desk.lists.reading import LARGEST, SMALLEST, asked, one, page
from forbear.desk.lists.scope import SPECIAL
from forbear.desk.money.acts import FIRST_DAY, LAST_DAY, PRINTABLE
from forbear.desk.people.rights import requires
from forbear.desk.people.wire import NO, NotThere

router = Router(tags=["lists"])
MOST = 1_000
LONGEST = 200
EARLIEST, LATEST = "1970-01-01T00:00:00Z", "2199-12-31T00:00:00Z"
Text = Annotated[str, Field(min_length=1, max_length=LONGEST, pattern=PRINTABLE)]

_OUT: dict[str, Any] = {
    "text": str,
    "masked_name": str,
    "whole": int,
    "money": int,
    "rate": Decimal,
    "day": date,
    "instant": datetime,
    "flag": bool,
    "json": Any,
    "texts": list[str],
}
_IN: dict[str, Any] = {
    "text": Text,
    "whole": Annotated[int, Field(ge=SMALLEST, le=LARGEST)],
    "day": Annotated[date, Field(ge=FIRST_DAY, le=LAST_DAY)],
    "instant": Annotated[AwareDatetime, Field(ge=EARLIEST, le=LATEST)],
}


def _row_type(of: Described) -> Any:
    fields: Any = {column.name: (_out(column, of), _about(column)) for column in of.columns}
    return create_model(f"{_title(of.name)}Row", __base__=Schema, __doc__=f"{of.about}.", **fields)


def _out(column: Column, of: Described) -> Any:
    needed = column.name in {name.lstrip("-") for name in of.order}
    return _OUT[column.type] if needed else _OUT[column.type] | None


def _about(column: Column) -> Any:
    about = {"money": "minor units of the row's currency", "masked_name": "masked", "rate": "annual fraction"}
    return Field(description=about.get(column.type))


def _query_type(of: Described) -> Any:
    fields: Any = {one.name: (_IN[one.type] | None, None) for one in of.filters}
    fields |= {name: (Literal[SPECIAL[name][0]] | None, None) for name in of.special}
    fields["after"] = (Annotated[str, Field(max_length=2_000, description="what the page before gave")], "")
    fields["limit"] = (Annotated[int, Field(ge=1, le=MOST)], 100)
    return create_model(f"{_title(of.name)}Query", __base__=Schema, **fields)


def _title(name: str) -> str:
    return name.title().replace("_", "")


def _dicts(of: Described, rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
    names = [column.name for column in of.columns]
    return [dict(zip(names, row, strict=True)) for row in rows]


def _offer_page(of: Described, row: Any) -> None:
    """A page of the list."""
    answer = create_model(
        f"{_title(of.name)}Page",
        __base__=Schema,
        __doc__="Some rows, and what asks for those that follow.",
        rows=(list[row], Field()),
        after=(str, Field(description="asks for the next page; empty at the end")),
    )

    def listed(request: Any, which: Any) -> Any:
        given = which.dict()
        after, size = given.pop("after"), given.pop("limit")
        rows, more = page(of, asked(of, request.user, timezone.now(), given), after, size)
        return {"rows": _dicts(of, rows), "after": more}

    listed.__annotations__ = {"request": HttpRequest, "which": Query[_query_type(of)]}
    listed.__doc__ = f"A row is {of.about}. A page at a time, in the order of {', '.join(of.order)}."
    router.get(of.api, response={200: answer, **NO}, summary=_title(of.name), operation_id=f"list_{of.name}")(
        requires(of.right)(listed)
    )


def _offer_one(of: Described, row: Any) -> None:
    """One row by its key."""

    def found(request: Any, key: Any) -> Any:
        seen = one(of, key, request.user)
        if seen is None:
            raise NotThere(f"there is no {of.key} {key!r}")
        return _dicts(of, [seen])[0]

    found.__annotations__ = {"request": HttpRequest, "key": Annotated[Text, Path()]}
    found.__doc__ = f"A row is {of.about}."
    router.get(
        f"{of.api}/{{key}}", response={200: row, **NO}, summary=f"One of {of.name}", operation_id=f"get_{of.name}"
    )(requires(of.right)(found))


for _of in lists().values():
    if _of.api:
        _row = _row_type(_of)
        _offer_page(_of, _row)
        if _of.one:
            _offer_one(_of, _row)

ListName: Any = Literal[tuple(lists())]
Form: Any = Literal[tuple(FORMATS)]


class Export(Schema):
    """What of a list is exported: its filters and its sort, as on its page; see docs/exports.md."""

    filters: dict[str, Annotated[str, Field(max_length=LONGEST)]] = Field(default={}, max_length=20)
    sort: Annotated[str, Field(max_length=LONGEST)] = ""
    bom: bool = False


@router.post(
    "/exports/{name}/{form}",
    response={200: str, **NO},
    summary="Export a list",
    operation_id="export_list",
    openapi_extra={
        "responses": {
            200: {
                "description": "the file",
                "content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in FORMATS.values()},
            }
        }
    },
)
@requires(RIGHT)
def export_list(request: HttpRequest, name: ListName, form: Form, body: Export) -> Any:
    """The whole list as CSV or Parquet, streamed."""
    of = lists()[name]
    if not may_export(request.user, name):
        raise PermissionDenied(name)
    given = {**body.filters, "sort": body.sort}
    what = asked(of, request.user, timezone.now(), given)
    blocks = export(of, what, form, actor=request.user, bom=body.bom)
    return StreamingHttpResponse(blocks, content_type=FORMATS[form])
