"""What a book says of itself: `book.toml` in its folder.

Everything in it is optional. It states what the files cannot (currency, unit of money, zone of instants) and may
carry control totals and fingerprints, the only defence against a change that is itself well formed.
"""

from __future__ import annotations

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from forbear.basics.errors import UnreadableFile, WrongUse
from forbear.basics.money import minor_digits
from forbear.book.files import SETTINGS_FILE


def _currency(code: str) -> str:
    try:
        minor_digits(code)
    except WrongUse as bad:
        raise ValueError(f"{bad.message}; {bad.hint}") from bad
    return code.upper()


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is not an IANA time zone such as Asia/Shanghai")
    return name


Currency = Annotated[str, AfterValidator(_currency)]
Zone = Annotated[str, AfterValidator(_zone)]


class Control(BaseModel):
    """Control totals of a table: how many rows it has, and sums of its money columns in the major unit."""

    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, Decimal]
    rows: int | None = None


class FileControl(BaseModel):
    """What a file must be: its SHA-256."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    sha256: str


class Settings(BaseModel):
    """The keys of `book.toml`."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    currency: Currency | None = None
    money: Literal["minor", "major"] | None = None
    time_zone: Zone | None = None
    mapping: str | None = None
    control: dict[str, Control] = Field(default_factory=dict)
    files: dict[str, FileControl] = Field(default_factory=dict)


def read_settings(root: Path) -> Settings:
    """The settings in `book.toml` below `root`, or the defaults when there is none.

    Raises:
        UnreadableFile: the file is not TOML or has a key or value that means nothing.
    """
    path = root / SETTINGS_FILE
    if not path.is_file():
        return Settings()
    try:
        return Settings.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as bad:
        raise UnreadableFile(f"{path.name}: {bad}", "see docs/book.md for its keys") from bad
    except ValidationError as bad:
        first = bad.errors()[0]
        where = ".".join(str(p) for p in first["loc"])
        raise UnreadableFile(f"{path.name}: {where}: {first['msg']}", "see docs/book.md for its keys") from bad
