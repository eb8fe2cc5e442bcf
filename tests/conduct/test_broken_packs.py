"""Packs that are malformed are refused with file, line and reason; never with a traceback, never read all the same."""

import random
import re

import pytest
from breakages import BROKEN, HEAD, RULES, SOUND
from typer.testing import CliRunner

from forbear.basics.errors import ForbearError, UnreadableFile, WrongUse
from forbear.conduct import load_packs


def written(folder, files):
    folder.mkdir(parents=True)
    for name, content in files.items():
        data = content if isinstance(content, bytes) else content.encode()
        (folder / name).write_bytes(data)
    return folder


def test_the_sound_pack_is_read(tmp_path):
    stack = load_packs([written(tmp_path / "pack", SOUND)])
    assert [one.id for _, one in stack.rules] == ["A-HOURS", "A-FREQ", "A-NEED"]
    assert [note.fact for note in stack.packs[0].notes] == ["CN-SCOPE-01"]


@pytest.mark.parametrize(
    ("file", "old", "new", "at", "reason"), [b[1:] for b in BROKEN], ids=[b[0] for b in BROKEN]
)
def test_a_broken_pack_is_refused_with_file_line_and_reason(tmp_path, file, old, new, at, reason):
    sound = SOUND[file]
    assert old in sound
    broken = sound.replace(old, new, 1)
    folder = written(tmp_path / "pack", {**SOUND, file: broken})
    with pytest.raises(ForbearError, match=reason) as refused:
        load_packs([folder])
    said = str(refused.value)
    named = re.match(rf"{re.escape(str(folder))}/(?:\.\./pack/)?{re.escape(file)}, line (\d+): ", said)
    assert named, said
    line = broken.split("\n")[int(named[1]) - 1]
    assert at in line, (said, line)
    assert len(said) < 1000


@pytest.mark.parametrize("name", ["bytes", "directory", "missing", "yml", "stranger"])
def test_files_that_cannot_be_read_or_would_be_passed_over_are_named(tmp_path, name):
    files = {**SOUND, "rules.yaml": RULES.encode() + b"# \xff\n"} if name == "bytes" else dict(SOUND)
    if name == "yml":
        files["more.yml"] = RULES
    if name == "stranger":
        files["more.json"] = "{}"
    folder = written(tmp_path / "pack", files)
    if name == "directory":
        (folder / "more.yaml").mkdir()
    if name == "missing":
        (folder / "pack.yaml").unlink()
    expected = {"bytes": r"rules\.yaml, line \d+", "directory": r"more\.yaml", "missing": "no pack"}
    with pytest.raises((UnreadableFile, WrongUse), match=expected.get(name, r"more\.(yml|json), line 1")):
        load_packs([folder])


def test_packs_that_tighten_each_other_are_refused(tmp_path):
    a = HEAD.replace("name: own", "name: first").replace("null", "../b")
    b = HEAD.replace("name: own", "name: second").replace("null", "../a")
    written(tmp_path / "a", {"pack.yaml": a})
    written(tmp_path / "b", {"pack.yaml": b})
    with pytest.raises(WrongUse, match=r"pack\.yaml, line 4: pack first tightens itself: first > second > first"):
        load_packs([tmp_path / "a"])


def test_two_packs_of_one_name_are_not_taken_for_one(tmp_path):
    one, two = (written(tmp_path / name, {"pack.yaml": HEAD}) for name in "ab")
    assert len(load_packs([one, one]).packs) == 1
    with pytest.raises(WrongUse, match=r"b/pack\.yaml, line 1: a pack own stands already in .*a"):
        load_packs([one, two])


def test_a_rule_of_an_id_that_stands_elsewhere_is_refused_unless_it_tightens(tmp_path):
    one = written(tmp_path / "a", {"pack.yaml": HEAD, "rules.yaml": RULES})
    other = HEAD.replace("name: own", "name: other")
    two = written(tmp_path / "b", {"pack.yaml": other, "rules.yaml": RULES})
    with pytest.raises(WrongUse, match=r"b/rules\.yaml, line 2: A-HOURS .* other does not tighten it"):
        load_packs([one, two])


def test_no_pack_and_an_unknown_pack_are_wrong_use():
    with pytest.raises(WrongUse, match="no pack was named"):
        load_packs([])
    with pytest.raises(WrongUse, match="no pack 'atlantis'"):
        load_packs(["atlantis"])


def test_the_command_tells_the_fault_and_exits_with_two(tmp_path):
    from forbear.commands.gate import group

    folder = written(tmp_path / "pack", {**SOUND, "rules.yaml": RULES.replace("cap: 3", "cap: three")})
    result = CliRunner().invoke(group, ["rules", "--pack", str(folder)])
    assert isinstance(result.exception, WrongUse)
    assert result.exception.exit_code == 2
    assert "cap" in result.exception.message


SNIPPETS = [
    "\t",
    "- ",
    ": ",
    "{",
    "}",
    "[",
    "]",
    '"',
    "'",
    "&a ",
    "*a",
    "!!int ",
    ">",
    "%",
    "@",
    "\n",
    "null",
    "~",
    "0x",
    "1e999",
    "2026-02-30",
    "true",
    "<<: ",
    "---\n",
    "...\n",
    "#",
    "? ",
    ",",
]
SNIPPETS += ["|", "\ufeff", "\u2028", "中", ""]


@pytest.mark.parametrize("seed", range(250))
def test_damage_at_random_is_refused_or_harmless_and_never_a_traceback(tmp_path, seed):
    """Characters lost, doubled or put in anywhere: either a pack that is read, or an error that names the file."""
    dice = random.Random(seed)
    file = dice.choice(("rules.yaml", "rules.yaml", "pack.yaml", "notes.yaml"))
    text = SOUND[file]
    for _ in range(dice.randint(1, 3)):
        at, length = dice.randrange(len(text)), dice.choice((0, 0, 1, 3, 40))
        text = text[:at] + dice.choice(SNIPPETS) + text[at + length :]
    folder = written(tmp_path / "pack", {**SOUND, file: text})
    refused = refusal_of(folder)
    assert refused is None or re.search(r"[\w-]+\.yaml, line \d+: .", refused)


def refusal_of(folder):
    """What the loader says against a pack, or None; any other error goes through."""
    try:
        load_packs([folder])
    except ForbearError as refused:
        return str(refused)
    return None
