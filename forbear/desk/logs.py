"""Logs: one JSON object a line on stderr, without personal data.

What may stand in a line is listed (`KEPT`), all else is dropped, so a name or a phone number passed by mistake does
not reach a disk. Messages of other libraries are written as their template, without the values put into it (one that
came without values may have been put together before, and is withheld), and an exception as its kind and the places
it passed, without its words: PostgreSQL quotes rows in them.
"""

from __future__ import annotations

import logging.config
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import structlog

KEPT = frozenset(
    [
        "event",
        "level",
        "timestamp",
        "logger",
        "request_id",
        "method",
        "route",
        "status",
        "milliseconds",
        "user",
        "role",
        "kind",
        "count",
        "rows",
        "seconds",
        "failure",
        "places",
        "head",
        "loan_id",
        "borrower_id",
        "case_id",
        "payment_id",
        "import_id",
        "job_id",
        "webhook_id",
        "process",
        "port",
    ]
)
"""The fields a line may have; ids are the lender's own, names of nobody."""

_PLAIN = frozenset({"forbear", "gunicorn"})
"""Libraries whose messages carry no borrower's data even when they are put together."""

Event = MutableMapping[str, Any]


def template_only(_: Any, __: str, event: Event) -> Event:
    """Of another library's record, keep the message's template and leave out the values."""
    record = event.get("_record")
    if record is not None and not event.get("_from_structlog"):
        trusted = bool(record.args) or record.name.split(".")[0] in _PLAIN
        event["event"] = str(record.msg) if trusted else "(withheld)"
        event["places"] = [f"{record.pathname}:{record.lineno} {record.funcName}"]
        event["_exception"] = record.exc_info
    return event


def places_of_failure(_: Any, __: str, event: Event) -> Event:
    """Of an exception, keep its kind and the lines it passed."""
    given = event.pop("exc_info", None) or event.pop("_exception", None)
    raised = given[1] if isinstance(given, tuple) else given if isinstance(given, BaseException) else None
    if given and raised is None:
        raised = sys.exc_info()[1]
    if raised is not None:
        event["failure"] = type(raised).__name__
        frames = traceback.extract_tb(raised.__traceback__)
        event["places"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return event


def kept_fields_only(_: Any, __: str, event: Event) -> Event:
    """Drop every field that is not listed."""
    return {name: value for name, value in event.items() if name in KEPT}


_COMMON: list[Any] = [
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]


def log_settings(level: str) -> dict[str, Any]:
    """The standard library's logging, as a dictionary for `configure`."""
    lines = {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": _COMMON,
        "processors": [
            template_only,
            places_of_failure,
            kept_fields_only,
            structlog.processors.JSONRenderer(ensure_ascii=False, default=repr),
        ],
    }
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": lines},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            "django.request": {
                "level": "ERROR"
            },  # a failure, with its places; refusals are in the line of the request
            "django.security": {"level": "CRITICAL"},
            "django.db.backends": {"level": "WARNING"},
        },
    }


def configure(settings: dict[str, Any]) -> None:
    """Set up both structlog and the standard library's logging."""
    logging.config.dictConfig(settings)
    structlog.configure(
        processors=[*_COMMON, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
