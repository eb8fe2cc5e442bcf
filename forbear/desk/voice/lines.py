"""SIP calls by PJSUA2, in one thread that owns the library: dial, let it ring, read the message out, say what was.

    lines = Lines(Trunk("sip:{number}@127.0.0.1:5060"), ended)
    if lines.reserve():
        lines.dial(Dialed("id-1", "+8613912345678", Path("say.wav"), rings=6))

A result is one of `forbear.conduct.situation.RESULTS`: connected (the message was heard to its end, by somebody or by a
machine), hung_up (not to its end), no_answer, busy, rejected, not_in_service, failed.
"""

from __future__ import annotations

import queue
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from forbear.basics.errors import ForbearError, WrongUse

SECONDS_A_RING = 5
PAUSE_BEFORE = 0.6
"""Seconds of silence after somebody picked up: she says hello."""
PAUSE_AFTER = 0.8
LONGEST_CALL = 180
MOST_LINES = 4
"""So many calls at once the library was built for; more lines are more dialers."""
BY_STATUS = {
    **dict.fromkeys((486, 600), "busy"),
    **dict.fromkeys((404, 410, 484, 485, 604), "not_in_service"),
    **dict.fromkeys((403, 603), "rejected"),
    **dict.fromkeys((408, 480, 487), "no_answer"),
}
"""What a call that nobody took came to, by its SIP status (RFC 3261 section 21); any other: failed."""

Ended = Callable[[str, str, str], None]
"""Told of each call that ended: its id, its result, the SIP status."""


@dataclass(frozen=True)
class Trunk:
    """Where calls go.

    Args:
        target: a SIP address with {number}.
        caller: the address that calls, as the trunk wants it.
        user: for digest authentication; empty: none.
        secret: its password.
        bind: the address of this machine that SIP and RTP use.
        port: its port; 0: any.
    """

    target: str
    caller: str = "sip:forbear@localhost"
    user: str = ""
    secret: str = ""
    bind: str = "127.0.0.1"
    port: int = 0

    def __post_init__(self) -> None:
        if not re.fullmatch(r"sips?:[^\s<>]*\{number\}[^\s<>]*", self.target):
            raise WrongUse(
                f"the trunk is {self.target!r}", "a SIP address with {number}: sip:{number}@trunk.example"
            )

    def address(self, number: str) -> str:
        """The SIP address of a phone number.

        Raises:
            WrongUse: it is no number.
        """
        digits = re.sub(r"[\s().-]", "", number)
        if not re.fullmatch(r"\+?[0-9]{3,20}", digits):
            raise WrongUse("that is no phone number", "digits, perhaps with a + before them")
        return self.target.replace("{number}", digits)


@dataclass(frozen=True)
class Dialed:
    """A call to be placed now."""

    key: str
    number: str
    speech: Path
    rings: int = 6


class Lines:
    """All calls under way; every method may be called from any thread."""

    def __init__(self, trunk: Trunk, ended: Ended, *, most: int = MOST_LINES) -> None:
        try:
            import pjsua2
        except ImportError:
            raise ForbearError("pjsua2-python is not installed", "pip install 'forbear[voice]'") from None
        self._pj: Any = pjsua2
        self._trunk, self._ended = trunk, ended
        self._free = threading.Semaphore(most)
        self._wanted: queue.SimpleQueue[Dialed] = queue.SimpleQueue()
        self._going = True
        self._ready: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="sip", daemon=True)
        self._thread.start()
        failed = self._ready.get()
        if failed is not None:
            raise ForbearError(
                f"SIP did not start: {failed}", "is the address of this machine, and is the port free?"
            )

    def reserve(self) -> bool:
        """Take a line for one call; False: all are taken."""
        return self._going and self._free.acquire(blocking=False)

    def release(self) -> None:
        """Give a line back on which nothing was dialed."""
        self._free.release()

    def dial(self, call: Dialed) -> None:
        """Place a call now, on a line that was reserved for it."""
        self._wanted.put(call)

    def stop(self) -> None:
        """Hang up everything and end."""
        self._going = False
        self._thread.join(10)

    def _run(self) -> None:
        pj = self._pj
        endpoint = pj.Endpoint()
        try:
            account = _started(pj, endpoint, self._trunk)
        except Exception as failed:
            self._ready.put(failed)
            return
        self._ready.put(None)
        self._serve(endpoint, _call_class(pj), account)
        account.shutdown()
        endpoint.libDestroy()

    def _serve(self, endpoint: Any, kind: Any, account: Any) -> None:
        """Until the end; no call may outlive this, for the library is taken down after it.

        No name here may hold an ended call: when its last name goes, the library hangs up whatever call has its number
        by then, and numbers of ended calls are given anew.
        """
        calls: list[Any] = []
        while self._going or calls:
            endpoint.libHandleEvents(20)
            _step(calls, self._going)
            for place in reversed(range(len(calls))):
                if calls[place].over:
                    self._let_go(calls.pop(place))
            while not self._wanted.empty():
                calls.append(kind(account, self._wanted.get(), self._trunk))

    def _let_go(self, call: Any) -> None:
        """Tell what a call came to, and give its line back."""
        call.dialed.speech.unlink(missing_ok=True)
        self._ended(call.dialed.key, call.result, str(call.status))
        self._free.release()


def _step(calls: list[Any], going: bool) -> None:
    for call in calls:
        call.step(time.monotonic(), going)


def _started(pj: Any, endpoint: Any, trunk: Trunk) -> Any:
    """The library up, with one account and no sound card."""
    endpoint.libCreate()
    config = pj.EpConfig()
    config.uaConfig.threadCnt, config.uaConfig.mainThreadOnly = 0, True
    config.uaConfig.maxCalls = MOST_LINES
    config.logConfig.level = config.logConfig.consoleLevel = 0
    config.medConfig.noVad = True
    endpoint.libInit(config)
    endpoint.audDevManager().setNullDev()
    transport = pj.TransportConfig()
    transport.port, transport.boundAddress = trunk.port, trunk.bind
    endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
    endpoint.libStart()
    wanted = pj.AccountConfig()
    wanted.idUri = trunk.caller
    if trunk.user:
        wanted.sipConfig.authCreds.append(pj.AuthCredInfo("digest", "*", trunk.user, 0, trunk.secret))
    account = pj.Account()
    account.create(wanted)
    return account


def _call_class(pj: Any) -> Any:
    """The class of a call; made here because the library, whose class it extends, need not be there."""

    class Player(pj.AudioMediaPlayer):
        ended = False

        def onEof2(self) -> None:  # noqa: N802 - the library's name
            self.ended = True

    class Call(pj.Call):
        def __init__(self, account: Any, dialed: Dialed, trunk: Trunk) -> None:
            super().__init__(account)
            self.dialed, self.over, self.result, self.status = dialed, False, "failed", 0
            self._began = time.monotonic()
            self._taken = self._read = 0.0
            self._player: Any = None
            self._asked_to_end = False
            try:
                self.makeCall(trunk.address(dialed.number), pj.CallOpParam(True))
            except (pj.Error, WrongUse):
                self.over = True

        def onCallState(self, _: Any) -> None:  # noqa: N802
            told = self.getInfo()
            if told.state == pj.PJSIP_INV_STATE_CONFIRMED:
                self._taken = time.monotonic()
            if told.state == pj.PJSIP_INV_STATE_DISCONNECTED:
                self.status = int(told.lastStatusCode)
                if self._taken:
                    self.result = "connected" if self._heard else "hung_up"
                else:
                    self.result = BY_STATUS.get(self.status, "failed")
                self._player = None
                self.over = True

        @property
        def _heard(self) -> bool:
            return bool(self._read)

        def step(self, now: float, going: bool) -> None:
            """What time asks for: the message, the end of ringing, the end."""
            if self.over or self._asked_to_end:
                return
            try:
                if self._taken:
                    self._talk(now, going)
                elif not going or now - self._began > self.dialed.rings * SECONDS_A_RING:
                    self._end()
            except pj.Error:  # it ended in between; the library tells so, or has told
                self._asked_to_end = True
                self.over = self.over or not self.isActive()

        def _talk(self, now: float, going: bool) -> None:
            if self._player is None and now - self._taken > PAUSE_BEFORE:
                self._play()
            elif self._player is not None and self._player.ended and not self._read:
                self._read = now
            if not going or (self._read and now - self._read > PAUSE_AFTER) or now - self._taken > LONGEST_CALL:
                self._end()

        def _play(self) -> None:
            self._player = Player()
            self._player.createPlayer(str(self.dialed.speech), pj.PJMEDIA_FILE_NO_LOOP)
            self._player.startTransmit(self.getAudioMedia(-1))

        def _end(self) -> None:
            self._asked_to_end = True
            self.hangup(pj.CallOpParam())

    return Call
