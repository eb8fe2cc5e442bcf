"""YAML of packs as data with the line of every key, so that each fault is told by file, line and reason."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from yaml.composer import Composer
from yaml.constructor import SafeConstructor
from yaml.resolver import Resolver

from forbear.basics.errors import UnreadableFile, WrongUse

try:
    from yaml._yaml import CParser as _Events
except ImportError:  # PyYAML was built without libyaml: the same, slower
    from yaml.parser import Parser
    from yaml.reader import Reader
    from yaml.scanner import Scanner

    class _Events(Reader, Scanner, Parser):  # type: ignore[no-redef]
        def __init__(self, text: str) -> None:
            Reader.__init__(self, text)
            Scanner.__init__(self)
            Parser.__init__(self)


Lines = dict[tuple[str | int, ...], int]
MOST_NODES = 500_000
"""Keys and items of one file; far more than any pack has. Aliases within aliases come to more than that quickly."""

Model = TypeVar("Model", bound=BaseModel)


class _Loader(Composer, _Events, SafeConstructor, Resolver):
    """A safe loader that names the line of a scalar that is no date or number, too.

    libyaml reads the text, several times as fast as Python; nodes are made in Python, where nesting without end is an
    error and not the end of the process, as it is with libyaml's own.
    """

    def __init__(self, text: str) -> None:
        _Events.__init__(self, text)
        Composer.__init__(self)
        SafeConstructor.__init__(self)
        Resolver.__init__(self)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, ArithmeticError, LookupError, AttributeError, TypeError) as wrong:
            said = f"{str(getattr(node, 'value', ''))[:40]!r}: {wrong}"
            raise yaml.constructor.ConstructorError(None, None, said, node.start_mark) from wrong


def parsed(file: Path) -> tuple[Any, Lines]:
    """The YAML of a file, and the line of every key and item.

    Raises:
        UnreadableFile: it cannot be read, or is no UTF-8.
        WrongUse: it is no YAML; names file, line and reason.
    """
    text = _text(file)
    try:
        loader = _Loader(text)
        node = loader.get_single_node()
        if node is None:
            return None, {}
        lines: Lines = {}
        _collect(node, (), lines, file, frozenset())
        return loader.construct_document(node), lines
    except yaml.YAMLError as wrong:
        raise WrongUse(f"{file}, line {_faulty_line(wrong, text)}: not YAML: {_reason(wrong)}") from wrong
    except RecursionError as deep:
        raise WrongUse(f"{file}, line 1: nested too deeply") from deep


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as bad:
        line = bad.object[: bad.start].count(b"\n") + 1
        raise UnreadableFile(f"{file}, line {line}: cannot be read: {bad.reason}", "save it as UTF-8") from bad
    except OSError as unread:
        raise UnreadableFile(f"{file}: cannot be read: {unread}") from unread


def _faulty_line(wrong: yaml.YAMLError, text: str) -> int:
    mark = getattr(wrong, "problem_mark", None) or getattr(wrong, "context_mark", None)
    if mark is not None:
        return min(
            int(mark.line) + 1, text.count("\n") + 1
        )  # what is missing at the end is missing in the last line
    return text.encode()[: int(getattr(wrong, "position", 0))].count(b"\n") + 1


def _reason(wrong: yaml.YAMLError) -> str:
    return str(getattr(wrong, "problem", None) or getattr(wrong, "reason", None) or wrong)


def _collect(node: yaml.Node, path: tuple[str | int, ...], lines: Lines, file: Path, above: frozenset[int]) -> None:
    line = node.start_mark.line + 1
    if id(node) in above:
        raise WrongUse(f"{file}, line {line}: an alias that contains itself")
    if len(lines) > MOST_NODES:
        raise WrongUse(f"{file}, line {line}: more than {MOST_NODES} keys and items")
    lines.setdefault(path, line)
    within = above | {id(node)}
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            _collect_key(key, value, path, lines, file, within)
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            _collect(value, (*path, number), lines, file, within)


def _collect_key(
    key: yaml.Node, value: yaml.Node, path: tuple[str | int, ...], lines: Lines, file: Path, within: frozenset[int]
) -> None:
    line = key.start_mark.line + 1
    if not isinstance(key, yaml.ScalarNode):
        raise WrongUse(f"{file}, line {line}: a key must be a word")
    here = (*path, key.value)
    if here in lines:
        raise WrongUse(f"{file}, line {line}: {key.value} is said twice")
    lines[here] = line
    _collect(value, here, lines, file, within)


def validated(model: type[Model], data: Any, lines: Lines, file: Path, at: tuple[str | int, ...] = ()) -> Model:
    """`data` as a model; `at` is where it stands in its file.

    Raises:
        WrongUse: it is none; names file, line and reason.
    """
    try:
        return model.model_validate(data)
    except ValidationError as wrong:
        first = wrong.errors()[0]
        place = _inner(first)
        path = (*at, *place)
        said = first["msg"].removeprefix("Value error, ")
        raise WrongUse(f"{file}, line {line_of(lines, path)}: {_named(first['loc'])}{said}") from wrong


def _inner(error: Any) -> tuple[str | int, ...]:
    """Where an error stands: a check of the whole may say more closely by an attribute `place` of its exception."""
    cause = (error.get("ctx") or {}).get("error")
    return (*error["loc"], *getattr(cause, "place", ()))


def line_of(lines: Lines, path: Sequence[str | int]) -> int:
    """The line of a place, or of the nearest around it."""
    for length in range(len(path), -1, -1):
        if tuple(path[:length]) in lines:
            return lines[tuple(path[:length])]
    return 1


def _named(loc: Sequence[str | int]) -> str:
    return f"{'.'.join(str(p) for p in loc)}: " if loc else ""
