"""Bank files for the tests, written as banks write them; all names and numbers are invented."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from xml.sax.saxutils import escape

import pytest


def entry(
    amount: str,
    day: str = "2026-02-20",
    *,
    text: str = "",
    name: str = "",
    account: str = "",
    ref: str = "",
    way: str = "CRDT",
    status: str = "BOOK",
    reversal: bool = False,
    version: int = 8,
    currency: str = "CNY",
    parts: Iterable[str] = (),
) -> str:
    """An `Ntry` of camt.053 in the form of a version."""
    sts = f"<Sts><Cd>{status}</Cd></Sts>" if version >= 8 else f"<Sts>{status}</Sts>"
    reference = f"<AcctSvcrRef>{ref}</AcctSvcrRef>" if ref else ""
    inner = "".join(parts) or details(text=text, name=name, account=account, way=way, version=version)
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{way}</CdtDbtInd>'
        f"{'<RvslInd>true</RvslInd>' if reversal else ''}{sts}<BookgDt><Dt>{day}</Dt></BookgDt>"
        f"<ValDt><Dt>{day}</Dt></ValDt>{reference}<NtryDtls>{inner}</NtryDtls></Ntry>"
    )


def details(
    *,
    text: str = "",
    name: str = "",
    account: str = "",
    way: str = "CRDT",
    version: int = 8,
    amount: str = "",
    ref: str = "",
) -> str:
    """A `TxDtls` of camt.053."""
    side = "Dbtr" if way == "CRDT" else "Cdtr"
    who = f"<Nm>{escape(name)}</Nm>" if name else ""
    who = f"<Pty>{who}</Pty>" if version >= 8 and who else who
    acct = f"<{side}Acct><Id><Othr><Id>{account}</Id></Othr></Id></{side}Acct>" if account else ""
    amt = ""
    if amount:
        money = f'<Amt Ccy="CNY">{amount}</Amt>'
        amt = (
            f"{money}<CdtDbtInd>{way}</CdtDbtInd>" if version >= 3 else f"<AmtDtls><TxAmt>{money}</TxAmt></AmtDtls>"
        )
    refs = f"<Refs>{f'<AcctSvcrRef>{ref}</AcctSvcrRef>' if ref else ''}<EndToEndId>NOTPROVIDED</EndToEndId></Refs>"
    rmt = f"<RmtInf><Ustrd>{escape(text)}</Ustrd></RmtInf>" if text else ""
    return f"<TxDtls>{refs}{amt}<RltdPties><{side}>{who}</{side}>{acct}</RltdPties>{rmt}</TxDtls>"


def statement(
    *entries: str,
    account: str = "6222000011112222",
    opening: str = "",
    closing: str = "",
    number: str = "S1",
    currency: str = "CNY",
) -> str:
    """A `Stmt` of camt.053."""

    def balance(code: str, amount: str) -> str:
        way = "DBIT" if amount.startswith("-") else "CRDT"
        return (
            f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>"
            f'<Amt Ccy="{currency}">{amount.lstrip("-")}</Amt><CdtDbtInd>{way}</CdtDbtInd></Bal>'
        )

    balances = (balance("OPBD", opening) if opening else "") + (balance("CLBD", closing) if closing else "")
    return (
        f"<Stmt><Id>{number}</Id><Acct><Id><Othr><Id>{account}</Id></Othr></Id><Ccy>{currency}</Ccy></Acct>"
        f"{balances}{''.join(entries)}</Stmt>"
    )


def document(*statements: str, version: int = 8, prefix: str = "") -> bytes:
    """A whole camt.053 file of a version."""
    space = f"urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version:02}"
    body = f"<BkToCstmrStmt><GrpHdr><MsgId>M</MsgId></GrpHdr>{''.join(statements)}</BkToCstmrStmt>"
    if prefix:
        body = body.replace("</", "\0").replace("<", f"<{prefix}:").replace("\0", f"</{prefix}:")
        return (
            f'<?xml version="1.0"?><{prefix}:Document xmlns:{prefix}="{space}">{body}</{prefix}:Document>'.encode()
        )
    return f'<?xml version="1.0" encoding="UTF-8"?><Document xmlns="{space}">{body}</Document>'.encode()


@pytest.fixture
def take(db: Any) -> Any:
    """Takes a camt.053 file of these entries in."""
    from django.utils import timezone

    from forbear.desk.money.taking import take_file

    def taken(*entries: str, **more: Any) -> Any:
        return take_file(document(statement(*entries, **more)), "a.xml", None, actor="tests", at=timezone.now())

    return taken
