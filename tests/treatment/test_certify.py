"""The certificate: it holds for what was made, and for nothing that was changed afterwards."""

from __future__ import annotations

import json
import shutil
from decimal import Decimal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from forbear.basics.errors import UnreadableFile
from forbear.testing import allocations as made
from forbear.treatment.allocate import allocate
from forbear.treatment.certify import certify


@pytest.fixture(scope="module")
def original(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certified")
    values, capacities = made.write(made.ordinary(300, actions=5, capacities=3, seed=3), folder)
    allocate(values, capacities, folder / "out.parquet", certificate_path=folder / "certificate.json")
    return folder


@pytest.fixture
def files(original, tmp_path):
    """A copy of everything, to be tampered with."""
    folder = tmp_path / "copy"
    shutil.copytree(original, folder)
    return folder


def check(folder):
    names = ("certificate.json", "values.parquet", "capacities.csv", "out.parquet")
    return certify(*(folder / name for name in names))


def certificate(folder, change):
    """Change the certificate's content."""
    path = folder / "certificate.json"
    told = json.loads(path.read_text())
    change(told)
    path.write_text(json.dumps(told))


def decisions(folder, change, *, refingerprint=True):
    """Change the decisions, and the fingerprint with them, as a forger would."""
    import hashlib

    path = folder / "out.parquet"
    pq.write_table(change(pq.read_table(path)), path)
    if refingerprint:
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        certificate(folder, lambda told: told["sha256"].update(decisions=digest))


def test_what_was_made_holds(original):
    checked = check(original)
    told = json.loads((original / "certificate.json").read_text())
    assert checked.faults == []
    assert checked.bound == pytest.approx(told["bound"], rel=1e-12)
    assert checked.value == pytest.approx(told["value"], rel=1e-12)


def test_csv_decisions_hold_too(original, tmp_path):
    allocate(
        original / "values.parquet",
        original / "capacities.csv",
        tmp_path / "out.csv",
        certificate_path=tmp_path / "c.json",
    )
    paths = (tmp_path / "c.json", original / "values.parquet", original / "capacities.csv", tmp_path / "out.csv")
    assert certify(*paths).holds


TAMPERED = {
    "value": (lambda t: t.update(value=t["value"] + 1), "certificate's value"),
    "bound": (lambda t: t.update(bound=t["bound"] * 1.001), "certificate's bound"),
    "gap": (lambda t: t.update(gap=t["gap"] + 0.01), "certificate's gap"),
    "a price": (lambda t: t["capacities"][0].update(price=t["capacities"][0]["price"] + 3), "certificate's bound"),
    "a price below zero": (lambda t: t["capacities"][1].update(price=-1.0), "below zero"),
    "a price that is no number": (lambda t: t["capacities"][1].update(price=None), "not a number"),
    "a limit": (lambda t: t["capacities"][0].update(limit=1e9), "the certificate's limit"),
    "a use": (lambda t: t["capacities"][2].update(used=0.5), "the certificate's use"),
    "a capacity left out": (lambda t: t["capacities"].pop(), "capacities are not those"),
    "capacities gone": (lambda t: t.pop("capacities"), "lists no capacities"),
    "counts by action": (lambda t: t["actions"].update(sms=t["actions"]["sms"] + 1), "counts of actions"),
    "borrowers": (lambda t: t.update(borrowers=1), "number of borrowers"),
    "rows": (lambda t: t.update(rows=1), "number of rows"),
    "treated": (lambda t: t.update(treated=0), "number of treated"),
    "waiting": (lambda t: t.update(waiting=0), "number of waiting"),
    "key": (lambda t: t.pop("key"), "does not say its key"),
    "version": (lambda t: t.update(forbear=""), "does not say its forbear"),
    "fingerprint of the values": (lambda t: t["sha256"].update(values="0"), "not the file of values"),
    "fingerprint of the capacities": (lambda t: t["sha256"].update(capacities="0"), "not the file of capacities"),
    "fingerprints gone": (lambda t: t.pop("sha256"), "fingerprint"),
}


@pytest.mark.parametrize("part", TAMPERED)
def test_a_changed_certificate_is_caught(part, files):
    change, said = TAMPERED[part]
    certificate(files, change)
    faults = check(files).faults
    assert any(said in fault for fault in faults), faults


def _other_action(table):
    actions = ["suit" if a == "sms" else a for a in table.column("action").to_pylist()]
    return table.set_column(1, "action", pa.array(actions))


def _richer(table):
    value = table.column("value").to_pylist()
    return table.set_column(2, "value", pa.array([value[0] + 5, *value[1:]]))


def _thriftier(table):
    at = table.column_names.index("capacity_1")
    return table.set_column(at, "capacity_1", pc.multiply(table.column(at), 0.5))


FORGED = {
    "a decision dropped": (lambda t: t.slice(1), "certificate's value"),
    "a borrower twice": (lambda t: pa.concat_tables([t, t.slice(0, 1)]), "at most one is allowed"),
    "an action that nobody valued": (_other_action, "not among the values"),
    "a greater value": (_richer, "another value or use"),
    "a smaller use": (_thriftier, "another value or use"),
    "a column left out": (lambda t: t.drop_columns(["value"]), "no column value"),
}


@pytest.mark.parametrize("part", FORGED)
def test_changed_decisions_are_caught_even_with_their_fingerprint(part, files):
    change, said = FORGED[part]
    decisions(files, change)
    faults = check(files).faults
    assert any(said in fault for fault in faults), faults


def test_a_limit_that_is_passed_is_caught(files):
    """Everybody's best action, whatever it uses: feasible for nobody's capacity."""

    def greedy(table):
        rows = pq.read_table(files / "values.parquet").to_pylist()
        best = {row["borrower_id"]: row for row in sorted(rows, key=lambda row: row["value"])}
        return pa.Table.from_pylist(list(best.values()), schema=table.schema)

    decisions(files, greedy)
    assert any("the decisions use" in fault for fault in check(files).faults)


def test_other_decisions_than_certified_are_caught(files):
    decisions(files, lambda table: table, refingerprint=False)
    with (files / "out.parquet").open("ab") as file:
        file.write(b" ")
    with pytest.raises(UnreadableFile):
        check(files)


def test_other_values_than_certified_are_caught(files):
    table = pq.read_table(files / "values.parquet")
    pq.write_table(table.set_column(2, "value", pc.multiply(table.column("value"), 2)), files / "values.parquet")
    faults = check(files).faults
    assert any("not the file of values" in fault for fault in faults)
    assert any("certificate's bound" in fault for fault in faults)


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "something"}', "\x00"])
def test_what_is_no_certificate_is_refused(text, files):
    (files / "certificate.json").write_text(text)
    with pytest.raises(UnreadableFile, match=r"certificate\.json"):
        check(files)


def test_values_in_decimals_hold(tmp_path):
    cents = [Decimal(n * 7919 % 100_003) / 100 for n in range(400)]
    columns = {
        "borrower_id": [n // 2 for n in range(400)],
        "action": ["call", "sms"] * 200,
        "value": pa.array(cents, pa.decimal128(12, 2)),
        "minutes": pa.array([Decimal("0.1")] * 400, pa.decimal128(9, 1)),
    }
    pq.write_table(pa.table(columns), tmp_path / "v.parquet")
    (tmp_path / "c.csv").write_text("capacity,limit\nminutes,3.3\n")
    paths = [tmp_path / "v.parquet", tmp_path / "c.csv", tmp_path / "o.parquet"]
    allocate(*paths, certificate_path=tmp_path / "told.json")
    assert certify(tmp_path / "told.json", *paths).faults == []
