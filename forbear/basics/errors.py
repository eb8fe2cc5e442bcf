"""Errors that a person can act on.

Every error a command shows says what was wrong, where, what was expected and what to do next. Commands turn
them into exit codes: 0 done, 1 the answer is no (a book has faults), 2 wrong use.
"""

from __future__ import annotations


class ForbearError(Exception):
    """Base of all errors that Forbear raises on purpose.

    Args:
        message: what was wrong and where, in one sentence.
        hint: what to do next; may be empty.
    """

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class WrongUse(ForbearError):
    """A command or function was called with arguments that cannot be used."""


class UnreadableFile(ForbearError):
    """A file is missing, empty, truncated or not what its name says; names the file and, where known, the row."""


class AnswerIsNo(ForbearError):
    """The question was understood and the answer is no: a book has faults, a check did not hold."""

    exit_code = 1
