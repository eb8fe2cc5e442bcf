"""The API's word on whoever asks."""

from __future__ import annotations

from django.http import HttpRequest
from ninja import Router, Schema

from forbear.desk.people.rights import requires

router = Router(tags=["people"])


class Me(Schema):
    """The signed-in user."""

    username: str
    display_name: str
    role: str
    language: str


@router.get("", response=Me, summary="Who am I")
@requires("me")
def me(request: HttpRequest) -> object:
    """The user whose session or token this request carries."""
    return request.user
