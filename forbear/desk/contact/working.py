"""Workers: processes that do one step after the other until they are told to end; and what the desk does by itself.

    forbear desk contact work --workers 8

Each worker goes through all providers in turn, rests when nothing is due, and now and then looks after what was left
open. Every step is safe to cut at any point. A database that went away is waited for.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from django.db import DatabaseError, InterfaceError, connections

from forbear.conduct.language import check_words
from forbear.desk.contact import clock, handing, resolving
from forbear.desk.contact.channels.base import Provider
from forbear.desk.contact.channels.registry import providers
from forbear.desk.contact.dispatching import step
from forbear.desk.contact.resolving import ASK_AGAIN_SECONDS
from forbear.desk.contact.switches import standing
from forbear.desk.record.gate import packs

REST_SECONDS = 0.25
"""Between two rounds in which nothing was due."""
CARE_SECONDS = 2.0
"""Between two looks at receipts, abandoned attempts and contacts that lapsed."""
BACK_SECONDS = 1.0
"""After the database went away."""

log = structlog.get_logger("forbear.desk")


def warm() -> None:
    """Load what the first contact would wait for while it holds locks: the rules, the check of words, the providers."""
    packs()
    check_words("还款提醒")
    providers()


def work(stopping: Callable[[], bool], *, care: float = CARE_SECONDS, ask_again: float = ASK_AGAIN_SECONDS) -> None:
    """Do steps until `stopping` says so, or the switch says drain."""
    warm()
    last = 0.0
    while not stopping():
        try:
            busy = _round(stopping)
            if time.monotonic() - last >= care:
                look_after(ask_again)
                last = time.monotonic()
            if standing().mode == "draining":
                return
        except (DatabaseError, InterfaceError) as gone:
            log.warning("the database is away", kind=type(gone).__name__)
            connections.close_all()
            busy = False
            time.sleep(BACK_SECONDS)
        if not busy:
            time.sleep(REST_SECONDS)


def _round(stopping: Callable[[], bool]) -> bool:
    """One step for each provider; whether any of them did something."""
    busy = False
    for provider in providers().values():
        if stopping():
            break
        busy |= not step(provider).idle
    return busy


def look_after(ask_again: float = ASK_AGAIN_SECONDS) -> None:
    """Everything that is not sending: receipts, dead workers' attempts, contacts and tasks that lapsed."""
    at = clock.now()
    resolving.abandoned()
    resolving.lapse(at)
    resolving.match_late(at)
    handing.expire(at)
    for provider in providers().values():
        _cared_for(provider, ask_again)


def _cared_for(provider: Provider, ask_again: float) -> None:
    try:
        resolving.sweep(provider, clock.now(), ask_again=ask_again)
    except (DatabaseError, InterfaceError):
        raise
    except Exception:
        log.exception("a provider's news could not be taken", provider=provider.account.name)


def background() -> None:
    """What the desk's own background does, once a second: all that is due, in one process."""
    if not providers():
        return
    while _round(lambda: False):
        pass
    look_after()
