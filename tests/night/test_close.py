"""The close as a whole: what it writes, what it refuses, what it leaves out, and that nothing is ever half-done."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import duckdb
import pyarrow.parquet as pq
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import unrest

from forbear.basics.errors import AnswerIsNo, UnreadableFile, WrongUse
from forbear.book import parts
from forbear.night import close
from forbear.testing.books import write_good_book

AS_OF = unrest.AS_OF
FILES = ("accounts.parquet", "portfolio.json", "report.html", "manifest.json")
FORBEAR = Path(sys.executable).parent / "forbear"


@pytest.fixture(scope="module")
def book(tmp_path_factory):
    return unrest.restless(tmp_path_factory.mktemp("night") / "book", loans=3_000, seed=11)


@pytest.fixture(scope="module")
def closed(book, tmp_path_factory):
    return close(book, as_of=AS_OF, out=tmp_path_factory.mktemp("closed"))


def contents(folder):
    return {name: (folder / name).read_bytes() for name in FILES}


def accounts(folder):
    return pq.read_table(folder / "accounts.parquet").to_pylist()


def rewritten(source, folder, table, query, **options):
    """The book with one table replaced by a query over it (`it`)."""
    folder.mkdir()
    for file in source.iterdir():
        if file.stem == table:
            more = "".join(f", {k} {v}" for k, v in options.items())
            it = query.replace("FROM it", f"FROM '{file}'")
            duckdb.execute(f"COPY ({it}) TO '{folder / file.name}' (FORMAT parquet{more})")
        else:
            (folder / file.name).write_bytes(file.read_bytes())
    return folder


def test_four_files_and_a_true_manifest(book, closed):
    assert sorted(p.name for p in closed.out.iterdir()) == sorted(FILES)
    manifest = json.loads((closed.out / "manifest.json").read_text())
    for told in manifest["outputs"]:
        assert hashlib.sha256((closed.out / told["file"]).read_bytes()).hexdigest() == told["sha256"]
    named = {told["file"]: told["sha256"] for told in manifest["inputs"]}
    for file in book.glob("*.parquet"):
        assert named[file.name] == hashlib.sha256(file.read_bytes()).hexdigest()
    assert json.loads((closed.out / "portfolio.json").read_text()) == closed.portfolio
    assert manifest["settings"]["values"] == closed.portfolio["settings"]


def test_one_row_a_loan_in_order(book, closed):
    ids = [row["loan_id"] for row in accounts(closed.out)]
    lent = [row[0] for row in duckdb.execute(f"SELECT loan_id FROM '{book}/loans.parquet' ORDER BY 1").fetchall()]
    assert ids == lent


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_the_same_bytes_on_any_number_of_threads(book, closed, tmp_path, threads):
    close(book, as_of=AS_OF, out=tmp_path, threads=threads)
    assert contents(tmp_path) == contents(closed.out)


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_same_bytes_in_one_part_or_many(book, closed, tmp_path, monkeypatch, threads):
    fine = rewritten(
        book, tmp_path / "fine", "installments", "SELECT * FROM it ORDER BY loan_id", row_group_size=2048
    )
    close(fine, as_of=AS_OF, out=tmp_path / "whole", threads=threads)
    monkeypatch.setattr(parts, "PART_ROWS", 3_000)
    cuts = []
    divide = parts.divide

    def watched(*given, **named):
        cuts.append(divide(*given, **named))
        return cuts[-1]

    monkeypatch.setattr("forbear.night.duck.divide", watched)
    close(fine, as_of=AS_OF, out=tmp_path / "cut", threads=threads)
    assert len(cuts[0].conditions()) > 5
    assert contents(tmp_path / "cut") == contents(tmp_path / "whole")
    assert accounts(tmp_path / "cut") == accounts(closed.out)


def one(query):
    return duckdb.execute(query).fetchone()[0]


def copied(book, folder, query, target):
    """Every table of the book through a query over it into files of another kind."""
    folder.mkdir()
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    for file in book.glob("*.parquet"):
        columns = [row[0] for row in db.execute(f"DESCRIBE SELECT * FROM '{file}'").fetchall()]
        db.execute(f"COPY ({query(file, columns)}) TO '{folder / file.stem}{target}")
    return folder


def test_rows_out_of_order_change_nothing(book, closed, tmp_path, monkeypatch):
    def mixed(file, columns):
        return f"SELECT * FROM '{file}' ORDER BY hash({columns[0]}, {columns[1]})"

    shuffled = copied(book, tmp_path / "shuffled", mixed, ".parquet' (FORMAT parquet, ROW_GROUP_SIZE 2048)")
    (shuffled / "book.toml").write_bytes((book / "book.toml").read_bytes())
    monkeypatch.setattr(parts, "PART_ROWS", 3_000)
    again = close(shuffled, as_of=AS_OF, out=tmp_path / "out")
    assert accounts(again.out) == accounts(closed.out)
    assert again.portfolio == closed.portfolio


MONEY = {"principal", "amount", "principal_due", "interest_due", "fees_due"}


def test_csv_and_parquet_alike(book, closed, tmp_path):
    def major(file, columns):
        told = [f'CAST("{c}" * 0.01 AS DECIMAL(18, 2)) AS {c}' if c in MONEY else f'"{c}"' for c in columns]
        return f"SELECT {', '.join(told)} FROM '{file}'"

    texts = copied(book, tmp_path / "csv", major, ".csv.gz' (HEADER, COMPRESSION gzip)")
    again = close(texts, as_of=AS_OF, out=tmp_path / "out")
    mine, theirs = (
        {
            str(row["loan_id"]): {**row, "loan_id": "", "borrower_id": str(row["borrower_id"])}
            for row in accounts(of)
        }
        for of in (closed.out, again.out)
    )
    assert theirs == mine
    same = ("totals", "buckets", "rates", "rolls", "history", "vintages", "collections", "cures")
    assert {k: again.portfolio[k] for k in same} == {k: closed.portfolio[k] for k in same}


def test_what_happens_later_moves_nothing(book, tmp_path):
    """A close as of last year, with all of the year after it rewritten, is the same close."""
    day = date(2025, 9, 30)
    first = close(book, as_of=day, out=tmp_path / "first")
    later = rewritten(
        book,
        tmp_path / "later",
        "payments",
        f"SELECT * REPLACE (CASE WHEN paid_on > DATE '{day}' THEN amount * 3 + 1 ELSE amount END AS amount) FROM it",
    )
    duckdb.execute(
        f"COPY (SELECT * FROM '{book}/events.parquet' WHERE effective_on <= DATE '{day}') "
        f"TO '{later}/events.parquet' (FORMAT parquet)"
    )
    second = close(later, as_of=day, out=tmp_path / "second")
    assert accounts(second.out) == accounts(first.out)
    same = ("totals", "buckets", "rates", "rolls", "history", "vintages", "collections", "cures", "segments")
    assert {k: second.portfolio[k] for k in same} == {k: first.portfolio[k] for k in same}
    assert first.portfolio["totals"]["not_disbursed"] > 0


def spoiled(book, folder):
    """The book with a negative payment."""
    first = f"(SELECT min(payment_id) FROM '{book}/payments.parquet')"
    changed = f"CASE WHEN payment_id = {first} THEN -amount ELSE amount END AS amount"
    return rewritten(book, folder, "payments", f"SELECT * REPLACE ({changed}) FROM it")


def test_a_book_with_faults_is_refused_and_nothing_written(book, tmp_path):
    bad = spoiled(book, tmp_path / "bad")
    out = tmp_path / "out"
    with pytest.raises(AnswerIsNo, match="negative_money"):
        close(bad, as_of=AS_OF, out=out)
    assert list(out.iterdir()) == []


def test_a_refusal_counts_faults_and_not_warnings(book, tmp_path):
    bad = spoiled(book, tmp_path / "bad")
    (bad / "unread.txt").write_text("a file that makes no table is only a warning")
    with pytest.raises(AnswerIsNo, match=r"the book has faults: 1 negative_money$"):
        close(bad, as_of=AS_OF, out=tmp_path / "out")


def test_memory_that_is_none_is_named(book, tmp_path):
    with pytest.raises(WrongUse, match=r"^--memory lots cannot be used"):
        close(book, as_of=AS_OF, out=tmp_path / "out", memory="lots")


def test_a_quarantine_says_how_much_is_left_out(book, closed, tmp_path):
    bad = spoiled(book, tmp_path / "bad")
    again = close(bad, as_of=AS_OF, out=tmp_path / "out", quarantine=True)
    loan = one(f"SELECT loan_id FROM '{bad}/payments.parquet' ORDER BY payment_id LIMIT 1")
    cents = one(f"SELECT principal FROM '{book}/loans.parquet' WHERE loan_id = {loan}")
    paid = one(f"SELECT sum(amount) FROM '{bad}/payments.parquet' WHERE loan_id = {loan}")
    left = again.portfolio["quarantine"]
    assert left["loans"] == 1
    assert Decimal(left["principal"]) == Decimal(cents) / 100
    assert Decimal(left["paid"]) == Decimal(int(paid)) / 100
    assert accounts(again.out) == [row for row in accounts(closed.out) if row["loan_id"] != loan]
    assert "negative_money" in left["faults"]


def test_an_earlier_close_in_the_folder_is_replaced(book, tmp_path):
    close(book, as_of=date(2025, 12, 31), out=tmp_path)
    before = contents(tmp_path)
    close(book, as_of=AS_OF, out=tmp_path)
    assert contents(tmp_path) != before
    assert json.loads((tmp_path / "manifest.json").read_text())["as_of"] == "2026-06-30"


def whole_or_none(out):
    """Whether the folder holds a close; if so, every file of it must be the one that the manifest names."""
    if not (out / "manifest.json").exists():
        return False
    for told in json.loads((out / "manifest.json").read_text())["outputs"]:
        assert hashlib.sha256((out / told["file"]).read_bytes()).hexdigest() == told["sha256"]
    return True


def test_killed_at_any_moment_the_folder_holds_a_whole_close_or_none(book, tmp_path):
    seed = int(os.environ.get("FORBEAR_SEED", "5"))
    draw, out = random.Random(seed), tmp_path / "out"
    order = [FORBEAR, "close", book, "--out", out, "--threads", "1", "--format", "json", "--as-of"]
    began = time.monotonic()
    subprocess.run([*order, "2026-06-30"], check=True, capture_output=True)
    length = time.monotonic() - began
    assert whole_or_none(out)
    for attempt in range(6):
        day = AS_OF - timedelta(days=attempt + 1)
        running = subprocess.Popen([*order, day.isoformat()], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(draw.uniform(0.3, 1.1) * length)
        running.send_signal(signal.SIGKILL)
        running.wait()
        whole_or_none(out)
    subprocess.run([*order, "2026-06-30"], check=True, capture_output=True)
    assert whole_or_none(out), f"seed {seed}"
    assert sorted(p.name for p in out.iterdir()) == sorted(FILES), "leftovers of killed closes"


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ([], 0),
        (["--as-of", "2026-02-30"], 2),
        (["--settings", "no-such.toml"], 2),
        (["--mapping", "no-such"], 2),
        (["--threads", "0"], 2),
        (["--language", "fr"], 2),
        (["--engine", "abacus"], 2),
    ],
)
def test_exit_codes(book, tmp_path, given, code):
    asked = ["--as-of", "2026-06-30", *given] if "--as-of" not in given else given
    done = subprocess.run(
        [FORBEAR, "close", book, "--out", tmp_path / "out", "--format", "json", *asked],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    if code == 0:
        assert json.loads(done.stdout)["totals"]["loans"] == 3_000


def test_a_book_with_faults_ends_with_one(book, tmp_path):
    bad = spoiled(book, tmp_path / "bad")
    order = [FORBEAR, "close", bad, "--out", tmp_path / "out", "--as-of", "2026-06-30"]
    refused = subprocess.run(order, capture_output=True, text=True, check=False)
    assert refused.returncode == 1
    assert "negative_money" in refused.stderr
    kept = subprocess.run([*order, "--quarantine"], capture_output=True, text=True, check=False)
    assert kept.returncode == 0
    assert "left out: 1 loans" in kept.stdout


def test_settings_are_read_and_wrong_ones_named(book, tmp_path):
    good = tmp_path / "good.toml"
    good.write_text('[aging]\nbuckets = "us"\nclassification = "default"\n[report]\nmonths = 3\n', encoding="utf-8")
    told = close(book, as_of=AS_OF, out=tmp_path / "out", settings=good).portfolio
    assert len({row["to_date"] for row in told["rolls"]["trend"]}) == 3
    assert [row["category"] for row in told["classification"]["categories"]] == ["performing", "default"]
    bad = tmp_path / "bad.toml"
    bad.write_text("[aging]\ngrace_dais = 3\n", encoding="utf-8")
    with pytest.raises(WrongUse, match=r"bad\.toml.*grace_dais"):
        close(book, as_of=AS_OF, out=tmp_path / "other", settings=bad)


def test_never_into_the_book_itself(book):
    with pytest.raises(WrongUse, match="own folder"):
        close(book, as_of=AS_OF, out=book / ".." / "book")
    assert not any((book / name).exists() for name in FILES)


def test_a_feature_may_have_any_name(tmp_path):
    """Names stand in SQL as identifiers and as texts; neither breaks on a quote."""
    name = 'x_o\'clock "100%" $1 {n}'
    write_good_book(tmp_path / "book", loans=40, seed=1)
    loans = tmp_path / "book" / "loans.csv"
    loans.write_text(loans.read_text().replace("x_city", '"' + name.replace('"', '""') + '"', 1))
    (tmp_path / "settings.toml").write_text("[report]\nsegment_loans = 1\n")
    night = close(
        tmp_path / "book", as_of=date(2025, 9, 30), out=tmp_path / "out", settings=tmp_path / "settings.toml"
    )
    assert {row["value"] for row in night.portfolio["segments"] if row["dimension"] == name} == {
        "上海",
        "成都",
        "Lagos",
    }


@pytest.mark.parametrize("given", ["no folder", "no model", "no series"])
def test_a_model_that_cannot_be_used_stops_it_before_the_work(book, tmp_path, monkeypatch, given):
    steps = []

    def watch(step):
        steps.append(step)
        raise AssertionError(f"{step} began")

    folder, macro = tmp_path / "model", None
    if given != "no folder":
        folder.mkdir()
    if given == "no series":
        macro = tmp_path / "macro.csv"
        monkeypatch.setattr("forbear.night.risk.load", lambda _: None)
        monkeypatch.setattr("forbear.night.risk.fingerprint", lambda _: "")
    with pytest.raises((UnreadableFile, WrongUse)):
        close(book, as_of=AS_OF, out=tmp_path / "out", model=folder, macro=macro, watch=watch)
    assert not steps
    assert not (tmp_path / "out").exists()
