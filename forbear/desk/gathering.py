"""Requests that come at the same time, done together: whoever comes first does it for all who wait.

Nobody waits for others to come: while one batch is at work the next gathers by itself, so a lone request goes at once
and a crowd shares the cost of a statement and of a commit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Generic, TypeVar

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


class _Place(Generic[Asked, Answer]):
    __slots__ = ("answer", "asked", "called", "leads")

    def __init__(self, asked: Asked) -> None:
        self.asked, self.leads = asked, False
        self.answer: Answer | None = None
        self.called = Lock()
        self.called.acquire()


class Gathering(Generic[Asked, Answer]):
    """Does `work` for what several threads ask, in batches of at most `most`; an answer for each, in its order."""

    def __init__(self, work: Callable[[Sequence[Asked]], Sequence[Answer]], most: int) -> None:
        self._work, self._most = work, most
        self._waiting: deque[_Place[Asked, Answer]] = deque()
        self._guard = Lock()
        self._busy = False

    def ask(self, asked: Asked) -> Answer | None:
        """The answer to one; None for everyone of a batch whose work failed, except for whoever did it.

        Raises:
            Exception: what the work raised, in the thread that did it.
        """
        place: _Place[Asked, Answer] = _Place(asked)
        with self._guard:
            self._waiting.append(place)
            place.leads, self._busy = not self._busy, True
        if not place.leads:
            place.called.acquire()
        if place.leads:
            self._lead(place)
        return place.answer

    def _lead(self, own: _Place[Asked, Answer]) -> None:
        with self._guard:
            taken = [self._waiting.popleft() for _ in range(min(len(self._waiting), self._most))]
        try:
            for place, answer in zip(taken, self._work([place.asked for place in taken]), strict=True):
                place.answer = answer
        finally:
            self._hand_on()
            for place in taken:
                if place is not own:
                    place.called.release()

    def _hand_on(self) -> None:
        """Let the first of those who came meanwhile lead the next batch."""
        with self._guard:
            if self._waiting:
                self._waiting[0].leads = True
                self._waiting[0].called.release()
            else:
                self._busy = False
