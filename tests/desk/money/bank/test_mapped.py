"""CSV through mappings: the shipped ones on files of their layout, signs, encodings, faults by row and column."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forbear.basics.errors import WrongUse
from forbear.desk.money.bank.mapping import Mapping, read_mapping, shipped, shipped_mapping
from forbear.desk.money.bank.movements import Faulty
from forbear.desk.money.bank.reading import read_statements

ALIPAY = """#支付宝账务明细查询
#账号：[20881234567890120156]
#-----------------账务明细列表----------------
账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注
7001\t,9\t,LN-0001\t,还款,2026-02-15 09:30:00,13800001111,500.00,,1500.00,支付宝,在线支付,
7002\t,9\t,\t,服务费,2026-02-15 10:30:00,,,-1.00,1499.00,支付宝,收费,
7003\t,9\t,\t,,2026-02-16 08:00:00,a@b.example,20.50,,1519.50,支付宝,转账,贷款ＬＮ０００２
#-----------------账务明细列表结束-------------
#支出合计：1笔，共-1.00元
#收入合计：2笔，共520.50元
#导出时间：[2026年03月01日 10:00:00]
"""
BANK = """账号：6222 0000 1111 2222,,,,,,,,,
交易日期,交易时间,借方发生额,贷方发生额,余额,币种,对方户名,对方账号,摘要,附言,交易流水号
20260216,10:00:00,,"1,200.00","3,190.00",人民币,王五,6217 0011,转账,LN 0003,S3
20260215,09:00:00,10.00,,"1,990.00",人民币,,,手续费,,S2
20260215,08:00:00,,500.00,"2,000.00",人民币,张三,6217 0012,转账,还款,S1
"""


@pytest.mark.parametrize("encoding", ["gb18030", "utf-8", "utf-8-sig", "utf-16"])
def test_an_alipay_export_in_any_of_its_encodings(encoding):
    (one,) = read_statements(ALIPAY.encode(encoding), "a.csv", shipped_mapping("alipay"))
    assert (one.account, one.opening, one.closing) == ("20881234567890120156", 100_000, 151_950)
    assert [m.signed for m in one.movements] == [50_000, -100, 2_050]
    assert [m.reference for m in one.movements] == ["7001", "7002", "7003"]
    assert one.movements[0].text == "LN-0001 | 还款"
    assert one.movements[2].text == "贷款LN0002"


def test_a_bank_export_newest_first():
    (one,) = read_statements(BANK.encode("gb18030"), "a.csv", shipped_mapping("cn-bank"))
    assert (one.account, one.currency, one.opening, one.closing) == ("6222000011112222", "CNY", 150_000, 319_000)
    assert [(m.signed, m.payer_name, m.reference) for m in one.movements] == [
        (120_000, "王五", "S3"),
        (-1_000, "", "S2"),
        (50_000, "张三", "S1"),
    ]


@pytest.mark.parametrize(
    ("old", "new", "where", "column"),
    [
        ("500.00,,1500", "500.001,,1500", "row 5", "收入金额(+元)"),
        ("2026-02-15 10:30:00", "15.02.2026", "row 6", "发生时间"),
        ("1499.00", "1498.00", "row 6", "balance"),
        ("2笔，共520.50", "3笔，共600.00", "totals", "credit"),
        ("7003\t,9\t,", "7003\t,", "row 7", "the row"),
        ("发生时间", "时间", "row 4", "发生时间"),
        ("账务流水号,业务", "流水,业务", "the file", "账务流水号"),
        ("500.00,,1500", "500.00,3,1500", "row 5", "收入金额(+元), 支出金额(-元)"),
        ("[20881234567890120156]", "", "row 5", "account"),
    ],
)
def test_each_fault_is_named_by_row_and_column(old, new, where, column):
    assert old in ALIPAY
    with pytest.raises(Faulty) as told:
        read_statements(ALIPAY.replace(old, new, 1).encode(), "a.csv", shipped_mapping("alipay"))
    assert (where, column) in {(fault.where, fault.column) for fault in told.value.faults}


def mapping(**columns) -> Mapping:
    return Mapping.model_validate(
        {
            "name": "own",
            "title": "own",
            "account": "1",
            "header": "day",
            "encodings": ["utf-8"],
            "delimiter": ";",
            "thousands": ".",
            "columns": {"booked_on": {"column": "day", "formats": ["%d.%m.%Y"]}, **columns},
        }
    )


@pytest.mark.parametrize(
    ("columns", "head", "rows", "expected"),
    [
        (
            {"amount": "a"},
            "day;a",
            ["1.2.2026;5", "1.2.2026;-5", "1.2.2026;(7)", "1.2.2026;+7"],
            [500, -500, -700, 700],
        ),
        (
            {"amount": "a", "incoming": {"column": "w", "yes": ["C"], "no": ["D"]}},
            "day;a;w",
            ["1.2.2026;5;C", "1.2.2026;5;D", "1.2.2026;-5;C"],
            [500, -500, -500],
        ),
        (
            {"credit": "c", "debit": "d"},
            "day;c;d",
            ["1.2.2026;1.000;", "1.2.2026;;7", "1.2.2026;-5;"],
            [100_000, -700, -500],
        ),
    ],
)
def test_signs_words_and_columns_say_which_way_money_went(columns, head, rows, expected):
    (one,) = read_statements("\n".join([head, *rows]).encode(), "a", mapping(**columns))
    assert [m.signed for m in one.movements] == expected
    assert [m.reversal for m in one.movements] == [
        row.split(";")[1].startswith("-") and columns != {"amount": "a"} for row in rows
    ]


def test_rows_that_are_not_final_are_told_apart_and_unknown_words_are_faults():
    how = mapping(amount="a", booked={"column": "s", "yes": ["ok"], "no": ["closed"]})
    (one,) = read_statements(b"day;a;s\n1.2.2026;5;ok\n1.2.2026;6;closed\n", "a", how)
    assert [m.booked for m in one.movements] == [True, False]
    with pytest.raises(Faulty, match="ok, closed"):
        read_statements(b"day;a;s\n1.2.2026;5;maybe\n", "a", how)


def test_a_mapping_that_says_nonsense_is_refused_in_words(tmp_path):
    assert shipped() == ("alipay", "cn-bank")
    for text in ("title = 1", 'title = "x"\nheader = "h"', "not toml", 'encodings = ["klingon"]'):
        file = tmp_path / "own.toml"
        file.write_text(text)
        with pytest.raises(WrongUse, match="mapping own"):
            read_mapping(str(file))
    with pytest.raises(WrongUse, match="no mapping 'none'") as told:
        read_mapping("none")
    assert "alipay, cn-bank" in told.value.hint
    with pytest.raises(WrongUse, match="no mapping"):
        read_statements(b"a,b\n1,2\n", "a.csv", None)


@given(noise=st.binary(max_size=6), at=st.integers(0, 2000))
def test_garbage_is_refused_never_half_read(noise, at):
    whole = ALIPAY.encode("gb18030")
    at %= len(whole)
    try:
        told = read_statements(whole[:at] + noise + whole[at + len(noise) :], "a.csv", shipped_mapping("alipay"))
    except Faulty:
        return
    assert all(one.difference in (0, None) for one in told)
