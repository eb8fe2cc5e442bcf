"""Settings of a close, from a TOML file: how loans are aged and what the report looks at.

`[aging]` is described in `forbear.aging.settings`, `[report]` here; docs/close.md lists all with their defaults.
"""

from __future__ import annotations

import hashlib
import json
import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from forbear.aging import AgingSettings
from forbear.basics.errors import UnreadableFile, WrongUse


class ReportSettings(BaseModel):
    """What the report looks at.

    Attributes:
        months: month ends of roll rates, cures and history before the as-of date.
        vintages: months of disbursal with a curve.
        collections: calendar months of due against received.
        segments: segments listed, the worst first.
        segment_loans: open loans a segment needs to be listed.
        segment_values: a feature (`x_*`) with more values than this is no dimension.
        amount_bands: upper ends of the bands of principal, in the major unit; empty: fifths of the book, rounded.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    months: int = Field(default=12, ge=1, le=120)
    vintages: int = Field(default=24, ge=1, le=240)
    collections: int = Field(default=24, ge=1, le=240)
    segments: int = Field(default=30, ge=0, le=1000)
    segment_loans: int = Field(default=30, ge=1)
    segment_values: int = Field(default=20, ge=2, le=200)
    amount_bands: tuple[Decimal, ...] = ()

    @field_validator("amount_bands")
    @classmethod
    def _rising(cls, bands: tuple[Decimal, ...]) -> tuple[Decimal, ...]:
        if list(bands) != sorted(set(bands)) or any(b <= 0 for b in bands):
            raise ValueError("amounts must rise, from more than zero")
        return bands


class NightSettings(BaseModel):
    """All settings of a close."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    aging: AgingSettings = AgingSettings()
    report: ReportSettings = ReportSettings()

    def plain(self) -> dict[str, Any]:
        """The settings as JSON values, every default spelled out."""
        made: dict[str, Any] = self.model_dump(mode="json", by_alias=True)
        return made

    def sha256(self) -> str:
        """Fingerprint of the settings in force."""
        return hashlib.sha256(json.dumps(self.plain(), sort_keys=True).encode()).hexdigest()


def read_settings(path: str | Path | None) -> NightSettings:
    """The settings in a TOML file; the defaults when there is none.

    Raises:
        UnreadableFile: the file is not there or not TOML.
        WrongUse: it names a setting that does not exist or gives one a value it cannot have.
    """
    if path is None:
        return checked(NightSettings())
    try:
        read = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as missing:
        raise UnreadableFile(f"{path}: cannot be read as settings", "name a TOML file in UTF-8") from missing
    except tomllib.TOMLDecodeError as broken:
        raise UnreadableFile(f"{path}: not TOML: {broken}", "see docs/close.md for an example") from broken
    return parse_settings(read, str(path))


def parse_settings(read: dict[str, Any], where: str = "settings") -> NightSettings:
    """Settings from plain values, such as a TOML file's.

    Raises:
        WrongUse: as in `read_settings`.
    """
    try:
        return checked(NightSettings.model_validate(_exact(read)))
    except ValidationError as wrong:
        told = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in wrong.errors()[:5])
        raise WrongUse(f"{where}: {told}", "see docs/close.md for every setting") from wrong


def checked(settings: NightSettings) -> NightSettings:
    """The settings, once the sets they name are known to exist."""
    settings.aging.bucket_set()
    settings.aging.scheme()
    return settings


def _exact(value: Any) -> Any:
    """Floats of TOML as the decimals they were written as."""
    if isinstance(value, dict):
        return {k: _exact(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_exact(v) for v in value]
    return Decimal(repr(value)) if isinstance(value, float) else value
