"""Reading packs: folders of YAML, each rule checked, each fault named by file and line.

A pack is a folder with `pack.yaml` and files of rules. Shipped packs are found by name below
`forbear/conduct/packs/`, a lender's own by its path. `load_packs` follows `tightens` down, so that asking for the
top asks for all below it; a pack that would loosen the one below it is refused.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import Field

from forbear.basics.errors import WrongUse
from forbear.conduct.example_form import check_examples
from forbear.conduct.mechanisms import known_country
from forbear.conduct.reading import Lines, line_of, parsed, validated
from forbear.conduct.rules import Hours, Name, Rule, Said, Strict
from forbear.conduct.situation import known_zone
from forbear.conduct.tighter import loosened

SHIPPED = Path(__file__).parent / "packs"
NOT_RULES = frozenset(("pack.yaml", "notes.yaml"))


class PackHead(Strict):
    """What `pack.yaml` says; zone and holidays left out are those of the pack below."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    jurisdiction: Name
    title: Said
    tightens: str | None = None
    zone: str | None = None
    holidays: str | None = None


class Note(Strict):
    """A fact of the law, or a part of one, that no gate can answer, and why."""

    fact: Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9-]+$")]
    why: Said


class Notes(Strict):
    """What `notes.yaml` says."""

    notes: tuple[Note, ...]


@dataclass(frozen=True)
class Pack:
    """One pack: its head, its rules in the order of files and lines, where each stands, and its notes."""

    head: PackHead
    rules: tuple[Rule, ...]
    places: dict[str, str]
    folder: Path = Path()
    head_lines: Lines = field(default_factory=dict)
    notes: tuple[Note, ...] = ()

    @property
    def name(self) -> str:
        """The pack's name."""
        return self.head.name


@dataclass(frozen=True)
class Packs:
    """A stack of packs as the gate asks them: what replaces is in the place of what it replaced."""

    packs: tuple[Pack, ...]
    rules: tuple[tuple[Pack, Rule], ...]

    def rule(self, rule_id: str) -> tuple[Pack, Rule]:
        """The rule of that id.

        Raises:
            WrongUse: there is none.
        """
        for pack, rule in self.rules:
            if rule.id == rule_id.strip().upper():
                return pack, rule
        near = get_close_matches(rule_id.strip().upper(), [rule.id for _, rule in self.rules], 1)
        raise WrongUse(
            f"no rule {rule_id!r} in {', '.join(p.name for p in self.packs)}",
            f"is {near[0]} meant? see `forbear gate rules`" if near else "see `forbear gate rules`",
        )

    @cached_property
    def _by_channel(self) -> dict[str, tuple[tuple[Pack, Rule], ...]]:
        channels = {act for _, rule in self.rules for act in rule.acts}
        return {one: tuple(pair for pair in self.rules if one in pair[1].acts) for one in channels}

    def on_channel(self, channel: str) -> tuple[tuple[Pack, Rule], ...]:
        """The rules that may govern acts on a channel, in the order of the packs."""
        return self._by_channel.get(channel, ())

    @property
    def versions(self) -> dict[str, str]:
        """Each rule's fingerprint, by pack and id."""
        return {f"{pack.name}/{rule.id}": rule.version for pack, rule in self.rules}


def shipped_names() -> list[str]:
    """The names of the packs that come with Forbear."""
    return sorted(p.parent.name for p in SHIPPED.glob("*/pack.yaml"))


def load_packs(names: Iterable[str | Path]) -> Packs:
    """Read packs by name or path, with those below them.

    Raises:
        WrongUse: a pack is unknown, malformed or would loosen one below; names file, line and reason.
    """
    loaded: dict[str, Pack] = {}
    for name in names:
        _load_with_below(_folder(name), loaded, ())
    if not loaded:
        raise WrongUse("no pack was named", f"shipped are {', '.join(shipped_names())}")
    return Packs(tuple(loaded.values()), tuple(_stacked(loaded.values())))


def _load_with_below(folder: Path, loaded: dict[str, Pack], above: tuple[str, ...]) -> Pack:
    pack = read_pack(folder)
    place = f"{folder / 'pack.yaml'}, line {line_of(pack.head_lines, ('tightens',))}"
    if pack.name in above:
        raise WrongUse(f"{place}: pack {pack.name} tightens itself: {' > '.join((*above, pack.name))}")
    known = loaded.get(pack.name)
    if known:
        _refuse_namesake(known, pack)
        return known
    if pack.head.tightens:
        below = _load_with_below(_below(pack, place), loaded, (*above, pack.name))
        pack = _completed(pack, below.head)
    loaded[pack.name] = pack
    return pack


def _refuse_namesake(known: Pack, pack: Pack) -> None:
    if known.folder.resolve() != pack.folder.resolve():
        line = line_of(pack.head_lines, ("name",))
        raise WrongUse(
            f"{pack.folder / 'pack.yaml'}, line {line}: a pack {pack.name} stands already in {known.folder}",
            "give each pack a name of its own",
        )


def _below(pack: Pack, place: str) -> Path:
    """The folder of the pack below: shipped, a path, or a neighbor of the pack's own folder."""
    name = str(pack.head.tightens)
    for folder in (SHIPPED / name, pack.folder / name, pack.folder.parent / name, Path(name)):
        if (folder / "pack.yaml").is_file():
            return folder
    raise WrongUse(f"{place}: no pack {name!r} to tighten", f"shipped are {', '.join(shipped_names())}")


def _completed(pack: Pack, below: PackHead) -> Pack:
    """`pack` with zone and holidays of the pack below where it names none."""
    own = {"zone": pack.head.zone or below.zone, "holidays": pack.head.holidays or below.holidays}
    return replace(pack, head=pack.head.model_copy(update=own))


def _folder(name: str | Path) -> Path:
    for folder in (SHIPPED / str(name), Path(name)):
        if (folder / "pack.yaml").is_file():
            return folder
    raise WrongUse(f"no pack {str(name)!r}", f"shipped are {', '.join(shipped_names())}; or give a folder's path")


def _stacked(packs: Iterable[Pack]) -> Iterator[tuple[Pack, Rule]]:
    stack: dict[str, tuple[Pack, Rule]] = {}
    for pack in packs:
        for rule in pack.rules:
            below = stack.get(rule.id)
            if below:
                _refuse_loosening(pack, rule, *below)
            stack[rule.id] = (pack, rule)
    yield from stack.values()


def _refuse_loosening(pack: Pack, rule: Rule, below: Pack, old: Rule) -> None:
    said = [*loosened(rule, old), *_other_places(pack, below)]
    if pack.head.tightens is None:
        said = [f"{below.name} has a rule of this id, and {pack.name} does not tighten it"]
    if said:
        raise WrongUse(
            f"{pack.places[rule.id]}: {rule.id} would loosen {below.name}: {'; '.join(said)}",
            "a pack may only tighten the one below it",
        )


def _other_places(pack: Pack, below: Pack) -> list[str]:
    """Another zone or calendar would move a replaced rule's days."""
    return [
        f"{name}: another"
        for name in ("zone", "holidays")
        if getattr(below.head, name) not in (None, getattr(pack.head, name))
    ]


def read_pack(folder: Path) -> Pack:
    """Read one pack's folder.

    Raises:
        WrongUse: malformed; names file, line and reason.
    """
    head_file = folder / "pack.yaml"
    data, lines = parsed(head_file)
    head = validated(PackHead, data, lines, head_file)
    _refuse_unknown_places(head, lines, head_file)
    _refuse_strange_files(folder)
    rules: list[Rule] = []
    places: dict[str, str] = {}
    for file in sorted(folder.glob("*.yaml")):
        if file.name not in NOT_RULES:
            _read_rules(file, rules, places)
    return Pack(head, tuple(rules), places, folder, lines, _notes(folder / "notes.yaml"))


def _refuse_unknown_places(head: PackHead, lines: Lines, file: Path) -> None:
    if head.zone is not None and not known_zone(head.zone):
        raise WrongUse(f"{file}, line {line_of(lines, ('zone',))}: zone {head.zone!r} is not an IANA zone")
    if head.holidays is not None and not known_country(head.holidays):
        line = line_of(lines, ("holidays",))
        raise WrongUse(f"{file}, line {line}: holidays {head.holidays!r} is no country of the holidays library")


def _refuse_strange_files(folder: Path) -> None:
    """Rules in a file that nobody reads would be rules that nobody keeps."""
    for file in sorted(folder.iterdir()):
        if file.suffix.lower() in (".yml", ".yaml", ".json") and file.suffix != ".yaml":
            raise WrongUse(f"{file}, line 1: would not be read", "files of rules end in .yaml")


def _notes(file: Path) -> tuple[Note, ...]:
    return validated(Notes, *parsed(file), file).notes if file.is_file() else ()


def _read_rules(file: Path, rules: list[Rule], places: dict[str, str]) -> None:
    data, lines = parsed(file)
    if not isinstance(data, dict) or list(data) != ["rules"] or not isinstance(data["rules"], list):
        raise WrongUse(f"{file}, line 1: expected one key, rules, with a list")
    for number, raw in enumerate(data["rules"]):
        at = ("rules", number)
        rule = validated(Rule, raw, lines, file, at)
        place = f"{file}, line {line_of(lines, at)}"
        if rule.id in places:
            raise WrongUse(f"{place}: {rule.id} stands already in {places[rule.id]}")
        _refuse_unknown_zones(rule, lines, file, at)
        check_examples(rule, lines, file, at)
        places[rule.id] = place
        rules.append(rule)


def _refuse_unknown_zones(rule: Rule, lines: Lines, file: Path, at: tuple[str | int, ...]) -> None:
    for number, entry in enumerate(rule.parameters):
        if isinstance(entry, Hours) and entry.zone != "borrower" and not known_zone(entry.zone):
            line = line_of(lines, (*at, "parameters", number, "zone"))
            raise WrongUse(f"{file}, line {line}: zone {entry.zone!r} is not an IANA zone")
