"""camt.053 in its versions: amounts to the minor unit, batches, reversals, faults by place, hostile XML refused."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forbear.desk.money.bank.camt import read_camt
from forbear.desk.money.bank.movements import Faulty
from tests.desk.money.conftest import details, document, entry, statement

VERSIONS = (2, 3, 4, 6, 7, 8, 10, 13)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_version_says_the_same(version):
    file = document(
        statement(
            entry("500.05", text="loan LN0001", name="张三", account="6217", ref="R1", version=version),
            entry("20", way="DBIT", name="银行", version=version),
            opening="100",
            closing="580.05",
        ),
        version=version,
    )
    (one,) = read_camt(file, "a.xml")
    came, went = one.movements
    assert (one.account, one.currency, one.opening, one.closing) == ("6222000011112222", "CNY", 10_000, 58_005)
    assert (came.amount, came.incoming, came.booked_on, came.reference) == (50_005, True, date(2026, 2, 20), "R1")
    assert (came.payer_name, came.payer_account, came.text) == ("张三", "6217", "loan LN0001")
    assert (went.signed, went.payer_name) == (-2_000, "银行")


def test_a_prefix_and_several_statements_of_several_accounts():
    file = document(
        statement(entry("1"), number="A"),
        statement(entry("2", currency="USD"), account="DE 89 3704", currency="USD", number="B"),
        prefix="c",
    )
    assert [(s.account, s.currency, s.movements[0].amount) for s in read_camt(file, "a")] == [
        ("6222000011112222", "CNY", 100),
        ("DE893704", "USD", 200),
    ]


@pytest.mark.parametrize("version", [2, 8])
def test_a_batch_whose_parts_come_to_it_is_taken_apart(version):
    parts = [details(amount=a, text=f"L{a}", ref=f"T{a}", version=version) for a in ("30", "20.5")]
    (one,) = read_camt(
        document(statement(entry("50.50", ref="B", parts=parts, version=version)), version=version), "a"
    )
    assert [(m.amount, m.reference, m.text) for m in one.movements] == [
        (3_000, "B/T30", "L30"),
        (2_050, "B/T20.5", "L20.5"),
    ]


def test_a_batch_that_does_not_come_to_its_parts_stays_whole_and_no_payer_is_guessed():
    parts = [details(amount=a, text=f"L{a}", name=f"N{a}") for a in ("30", "20")]
    (one,) = read_camt(document(statement(entry("60", parts=parts))), "a")
    (whole,) = one.movements
    assert (whole.amount, whole.note, whole.payer_name, whole.text) == (6_000, "batch", "", "L30 | L20")


def test_reversals_pending_entries_and_parts_that_go_the_other_way():
    mixed = [details(amount="30"), details(amount="10", way="DBIT")]
    (one,) = read_camt(
        document(
            statement(
                entry("5", way="DBIT", reversal=True),
                entry("7", status="PDNG"),
                entry("20", parts=mixed),
                opening="0",
                closing="15",
            )
        ),
        "a",
    )
    assert [(m.signed, m.reversal, m.booked) for m in one.movements] == [
        (-500, True, True),
        (700, False, False),
        (3_000, False, True),
        (-1_000, False, True),
    ]


def test_chinese_encodings_and_texts_cut_in_mid_word_are_read_whole():
    file = document(statement(entry("1", name="李四", text="还款"))).decode().replace("UTF-8", "GB18030")
    (one,) = read_camt(file.encode("gb18030"), "a")
    assert one.movements[0].payer_name == "李四"
    cut = details(text="loan LN00").replace("</Ustrd>", "</Ustrd><Ustrd>01</Ustrd>")
    (two,) = read_camt(document(statement(entry("1", parts=[cut]))), "a")
    assert "loan LN0001" in two.movements[0].text


@pytest.mark.parametrize(
    ("bad", "where", "column"),
    [
        (statement(entry("5.001")), "Stmt[1]/Ntry[1]", "Amt"),
        (statement(entry("1"), entry("1,5")), "Stmt[1]/Ntry[2]", "Amt"),
        (statement(entry("1", "2026-02-30")), "Stmt[1]/Ntry[1]", "BookgDt"),
        (statement(entry("1", currency="USD")), "Stmt[1]/Ntry[1]", "Amt/@Ccy"),
        (statement(entry("1", status="DONE")), "Stmt[1]/Ntry[1]", "Sts"),
        (statement(entry("1", way="BOTH")), "Stmt[1]/Ntry[1]", "CdtDbtInd"),
        (statement(entry("1"), account=""), "Stmt[1]", "Acct/Id"),
        (statement(entry("1"), currency="YYY"), "Stmt[1]", "Acct/Ccy"),
        (statement(entry("1"), opening="0", closing="1.01"), "Stmt[1]", "closing balance"),
    ],
)
def test_each_fault_is_named_by_its_place(bad, where, column):
    with pytest.raises(Faulty) as told:
        read_camt(document(bad), "bank.xml")
    assert (where, column) in {(fault.where, fault.column) for fault in told.value.faults}
    assert told.value.message.startswith("bank.xml: ")


def test_a_file_without_balances_is_held_to_the_banks_own_count():
    counted = statement(entry("1")).replace(
        "<Ntry>", "<TxsSummry><TtlNtries><NbOfNtries>2</NbOfNtries></TtlNtries></TxsSummry><Ntry>"
    )
    with pytest.raises(Faulty, match="NbOfNtries"):
        read_camt(document(counted), "a")


HOSTILE = {
    "bomb": '<!DOCTYPE d [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><Document>&b;</Document>',
    "file": '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]><Document>&x;</Document>',
    "dtd": '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/x.dtd"><Document/>',
    "cut": "<Document><BkToCstmrStmt>",
    "other message": '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.08"><Stmt/></Document>',
    "no statement": "<html><body>404</body></html>",
    "no encoding": '<?xml version="1.0" encoding="klingon"?><Document/>',
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_and_broken_files_are_refused_in_words(kind):
    with pytest.raises(Faulty):
        read_camt(HOSTILE[kind].encode(), "a")


@given(cut=st.integers(0, 1500), noise=st.binary(max_size=8))
def test_garbage_is_refused_never_half_read(cut, noise):
    whole = document(statement(entry("1", ref="A"), entry("2", ref="B"), opening="0", closing="3"))
    at = cut % len(whole)
    try:
        told = read_camt(whole[:at] + noise + whole[at + len(noise) :], "a")
    except Faulty:
        return
    assert all(one.difference in (0, None) for one in told)
