"""The night: a book in, its accounts, portfolio, report and manifest out."""

from forbear.night.age import age
from forbear.night.close import Closed, close
from forbear.night.engines import Engine
from forbear.night.settings import NightSettings, read_settings

__all__ = ["Closed", "Engine", "NightSettings", "age", "close", "read_settings"]
