"""The lender's payment providers, read from the TOML file that FORBEAR_PAY_PROVIDERS names; without it there are none.

```toml
[wechat]
appid = "wx..."
mchid = "19..."
private_key_file = "/etc/forbear/wechat-key.pem"     # any value may stand in a file of its own, NAME_file,
apiv3_key_env = "WECHAT_APIV3_KEY"                   # or in a variable of the environment, NAME_env
```
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from functools import cache
from inspect import signature
from pathlib import Path
from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from forbear.basics.errors import WrongUse
from forbear.desk.portal.pay.base import Provider
from forbear.desk.portal.pay.sandbox import is_local

KINDS = {
    "wechat": "forbear.desk.portal.pay.wechat.Wechat",
    "alipay": "forbear.desk.portal.pay.alipay.Alipay",
    "stripe": "forbear.desk.portal.pay.stripe.Stripe",
    "sandbox": "forbear.desk.portal.pay.sandbox.Sandbox",
}


@cache
def providers() -> dict[str, Provider]:
    """The providers by name, in the order of the file.

    Raises:
        WrongUse: the file cannot be read, names one that there is not, or a value is missing; names file and table.
    """
    where = settings.PAY_PROVIDERS
    if not where:
        return {}
    if where == "sandbox":
        return {"sandbox": made("sandbox", {}, where)}
    try:
        table = tomllib.loads(Path(where).read_text("utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as wrong:
        raise WrongUse(f"{where}: cannot be read ({wrong})", "see docs/payment-providers.md") from None
    return {name: made(name, row, where) for name, row in table.items()}


def offered(currency: str) -> list[Provider]:
    """Those that take a currency."""
    return [one for one in providers().values() if currency in one.currencies]


def made(name: str, row: Mapping[str, Any], where: str) -> Provider:
    """A provider from its table.

    Raises:
        WrongUse: there is no such provider, a value is missing or unknown, or the sandbox were open to the world.
    """
    if name not in KINDS or not isinstance(row, Mapping):
        raise WrongUse(f"{where}: [{name}] is no provider of payments", f"one of: {', '.join(KINDS)}")
    if name == "sandbox" and not is_local():
        raise WrongUse(
            f"{where}: the sandbox lets anyone pay with a button, and this desk is reached at "
            f"{settings.PUBLIC_URL.hostname}",
            "take [sandbox] out, or serve on localhost",
        )
    kind = import_string(KINDS[name])
    values = dict(_value(key, value, f"{where} [{name}]") for key, value in row.items())
    wanted = dict(signature(kind).parameters)
    needed = {key for key, one in wanted.items() if one.default is one.empty}
    if missing := needed - set(values):
        raise WrongUse(f"{where} [{name}]: {', '.join(sorted(missing))} missing", "see docs/payment-providers.md")
    if unknown := set(values) - set(wanted):
        raise WrongUse(
            f"{where} [{name}]: {', '.join(sorted(unknown))} is no setting", f"those are: {', '.join(wanted)}"
        )
    try:
        return kind(**values)
    except Exception as bad:  # the libraries raise whatever a key that is none makes them
        raise WrongUse(f"{where} [{name}]: a key cannot be read ({bad})", "PEM, as the provider gives it") from None


def _value(key: str, value: Any, where: str) -> tuple[str, Any]:
    if key.endswith("_file"):
        try:
            return key.removesuffix("_file"), Path(str(value)).read_text("utf-8").strip()
        except OSError as wrong:
            raise WrongUse(f"{where}: {key} cannot be read ({wrong.strerror})", "name a file") from None
    if key.endswith("_env"):
        if not os.environ.get(str(value)):
            raise WrongUse(f"{where}: {key} names {value}, which is not set", "set it for the desk's process")
        return key.removesuffix("_env"), os.environ[str(value)]
    return key, value
