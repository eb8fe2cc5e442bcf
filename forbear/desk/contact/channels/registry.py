"""The lender's providers, read from the TOML file that FORBEAR_PROVIDERS names; without one nothing can leave.

```toml
[sms-a]
channel = "sms"
kind = "http"                          # one of kinds.toml, or a class of your own: module.Class
url = "https://sms.example.com/v1"
secret_file = "/etc/forbear/sms-a"     # or secret_env = "SMS_A_SECRET"
rate = 200                             # a second, all workers together
```
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import fields
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from forbear.basics.errors import WrongUse
from forbear.desk.contact.channels.base import Account, Provider

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
OWN = {one.name for one in fields(Account)} - {"name", "secret", "options"}


@cache
def kinds() -> dict[str, dict[str, Any]]:
    """The kinds there are: provider (a dotted name), channels, about."""
    return tomllib.loads(files(__package__).joinpath("kinds.toml").read_text("utf-8"))


@cache
def providers() -> dict[str, Provider]:
    """The providers of the settings' file by name, in the order in which they are tried.

    Raises:
        WrongUse: the file cannot be read, or an account in it does not fit; names the file and the table.
    """
    where = settings.CONTACT_PROVIDERS
    if not where:
        return {}
    try:
        table = tomllib.loads(Path(where).read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as wrong:
        raise WrongUse(f"{where}: cannot be read ({wrong})", "see docs/contact.md") from None
    made = [_made(name, row, f"{where} [{name}]") for name, row in table.items()]
    return {one.account.name: one for one in sorted(made, key=lambda p: (p.account.order, p.account.name))}


def of_channel(channel: str) -> list[Provider]:
    """The providers of a channel, the first to be tried first."""
    return [one for one in providers().values() if one.account.channel == channel]


def channels() -> list[str]:
    """The channels that have a provider."""
    return list(dict.fromkeys(one.account.channel for one in providers().values()))


def made(name: str, row: Mapping[str, Any]) -> Provider:
    """A provider from its table, for those who make their own.

    Raises:
        WrongUse: it does not fit.
    """
    return _made(name, row, f"provider {name}")


def _made(name: str, row: Any, where: str) -> Provider:
    if not NAME.fullmatch(name) or not isinstance(row, dict):
        raise WrongUse(f"{where}: no table of a provider", "name it by small letters, digits and dashes")
    name_of_kind = str(row.get("kind"))
    kind = _own_kind(name_of_kind, where) if "." in name_of_kind else kinds().get(name_of_kind)
    if kind is None:
        known = f"one of: {', '.join(kinds())}; or a class of your own, as module.Class"
        raise WrongUse(f"{where}: kind is {row.get('kind')!r}", known)
    if row.get("channel") not in kind["channels"]:
        raise WrongUse(f"{where}: channel is {row.get('channel')!r}", f"one of: {', '.join(kind['channels'])}")
    provider: type[Provider] = import_string(kind["provider"])
    options = {key: value for key, value in row.items() if key not in OWN and not key.startswith("secret")}
    if missing := [one for one in provider.needs if one not in options]:
        raise WrongUse(f"{where}: {', '.join(missing)} is missing", "see docs/contact.md")
    own = {key: row[key] for key in OWN if key in row}
    own.setdefault("address", provider.address)
    for number in ("rate", "burst", "timeout"):
        if number in own and not own[number] > 0:
            raise WrongUse(f"{where}: {number} is {own[number]!r}", "a number above 0")
    return provider(Account(name=name, secret=_secret(row, where), options=options, **own))


def _own_kind(name: str, where: str) -> dict[str, Any]:
    """A provider's class of the lender's own, by its dotted name; the class says which channels it can carry."""
    try:
        found = import_string(name)
    except ImportError as wrong:
        raise WrongUse(
            f"{where}: kind {name} cannot be imported: {wrong}", "is its folder on PYTHONPATH?"
        ) from None
    if not (isinstance(found, type) and issubclass(found, Provider) and found.channels):
        expected = "a subclass of Provider that names its channels; see docs/contact.md"
        raise WrongUse(f"{where}: kind {name} is no provider", expected)
    return {"provider": name, "channels": found.channels}


def _secret(row: Mapping[str, Any], where: str) -> str:
    if "secret_file" in row:
        try:
            return Path(row["secret_file"]).read_text("utf-8").strip()
        except OSError as wrong:
            raise WrongUse(f"{where}: secret_file cannot be read ({wrong.strerror})") from None
    if "secret_env" in row:
        value = os.environ.get(row["secret_env"], "")
        if not value:
            raise WrongUse(f"{where}: {row['secret_env']} is not set")
        return value
    if "secret" in row:
        raise WrongUse(f"{where}: a secret stands in the file", "name a secret_file or a secret_env instead")
    return ""
