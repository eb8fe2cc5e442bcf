"""What commands print on terminals and pipes whose encoding lacks Chinese: all of it, escaped, never a traceback."""

import json
import os
import subprocess
import sys

import pytest

ENCODINGS = ("ascii", "cp1252", "gbk", "utf-8")


def forbear(encoding, *words):
    return subprocess.run(
        [sys.executable, "-c", "from forbear.cli import main; main()", *words],
        capture_output=True,
        check=False,
        env={**os.environ, "PYTHONIOENCODING": encoding},
    )


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_text_is_told_in_every_encoding(encoding):
    ran = forbear(encoding, "schedule", "--principal", "3000", "--term", "2", "--disbursed-on", "2026-01-31")
    assert (ran.returncode, ran.stderr) == (0, b"")
    shown = ran.stdout.decode(encoding)
    assert "1500.00" in shown
    assert ("等额本息" in shown) == (encoding in {"gbk", "utf-8"})


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_json_is_the_same_in_every_encoding(encoding):
    ran = forbear(encoding, "gate", "explain", "CN-FREQ-01", "--pack", "cn", "--format", "json")
    assert (ran.returncode, ran.stderr) == (0, b"")
    assert "通话" in json.loads(ran.stdout.decode(encoding))["title"]["zh"]


def test_errors_are_told_in_every_encoding(tmp_path):
    ran = forbear("ascii", "check", str(tmp_path / "账本"))
    assert ran.returncode == 2
    assert b"does not exist" in ran.stderr
    assert b"Traceback" not in ran.stderr


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("no folder")
    inside = tmp_path / "file" / "out"
    ran = forbear("utf-8", "sample", "--loans", "5", "--out", str(inside))
    assert ran.returncode == 2
    assert f"forbear: {inside}: Not a directory" in "".join(ran.stderr.decode().splitlines())
    assert b"Traceback" not in ran.stderr
