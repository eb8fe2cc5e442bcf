"""ISO 20022 camt.053, the bank's statement as XML: every version from 001.02 on, in any namespace prefix.

What differs between versions is read either way: `Sts` as a word or `Sts/Cd`, parties plain or within `Pty`, the amount
of a transaction in `Amt` or `AmtDtls/TxAmt`. A batch whose parts come to the entry's amount is one movement a part,
else the entry stays one movement. `CdtDbtInd` says which way the money went; `RvslInd`, that it takes an earlier one
back. The element names are those of the message definition report; its rules are not checked beyond what money needs.
Entities, document types and whatever else could reach out of the file are refused (defusedxml).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import date
from itertools import chain
from typing import Any
from xml.etree.ElementTree import Element, ParseError  # nosec B405

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from forbear.desk.money.bank.movements import Faults, Movement, Statement, plain, possible_day

MESSAGE = re.compile(r"urn:iso:std:iso:20022:tech:xsd:([a-z]{4}\.\d{3})\.\d{3}\.\d{2}")
CHINESE = re.compile(rb"""^(\s*<\?xml[^>]*encoding\s*=\s*["'])(gb18030|gbk|gb2312)(["'])""", re.IGNORECASE)
NO_REFERENCE = re.compile(r"(?i)0*|non-?ref|not ?provided|none|n/?a|-+")
"""What banks write where they have no reference; it tells nothing apart."""
DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T.*|Z|[+-]\d{2}:\d{2})?", re.ASCII)


def is_xml(data: bytes) -> bool:
    """Whether a file means to be XML."""
    start = data[:200].lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n\0")
    return start.startswith(b"<")


def read_camt(data: bytes, file: str) -> list[Statement]:
    """The statements of a camt.053 file.

    Raises:
        Faulty: it is none, or has faults; names all of them.
    """
    faults = Faults(file)
    root = _root(data, faults)
    found = [one for one in root.iter() if _name(one) == "Stmt"] if root is not None else []
    if root is not None and not found:
        faults.add("Document", _name(root), _message(root) or "", "a statement, BkToCstmrStmt/Stmt of camt.053")
    statements = [_statement(one, f"Stmt[{n}]", faults) for n, one in enumerate(found, 1)]
    faults.refuse()
    faults.check_balances(statements)
    faults.refuse()
    return statements


def _root(data: bytes, faults: Faults) -> Element | None:
    if chinese := CHINESE.match(data):
        data = chinese[1] + b"utf-8" + chinese[3] + data[chinese.end() :].decode("gb18030", "replace").encode()
    try:
        root: Element = fromstring(data, forbid_dtd=True)
    except DefusedXmlException as hostile:
        faults.add("the file", type(hostile).__name__, "", "XML without document type and entities")
        return None
    except (ParseError, ValueError, LookupError) as broken:
        line, column = getattr(broken, "position", (0, 0))
        faults.add(f"line {line}, column {column}", "XML", "", "well-formed XML to its end; the file may be cut")
        return None
    kind = _message(root)
    if kind not in (None, "camt.053"):
        faults.add("Document", "xmlns", str(kind), "camt.053; other messages announce, a statement is what counts")
        return None
    return root


def _message(root: Element) -> str | None:
    """Which message of ISO 20022 it is, by the namespace of any of its first elements."""
    for _, one in zip(range(20), root.iter(), strict=False):
        if found := MESSAGE.search(one.tag if isinstance(one.tag, str) else ""):
            return found[1]
    return None


def _name(one: Element) -> str:
    return one.tag.rpartition("}")[2] if isinstance(one.tag, str) else ""


def _all(one: Element | None, path: str) -> list[Element]:
    """The elements at a path of local names."""
    here = [] if one is None else [one]
    for step in path.split("/"):
        here = [child for parent in here for child in parent if _name(child) == step]
    return here


def _text(one: Element | None, *paths: str) -> str:
    """The text at the first path that has one."""
    for path in paths:
        for found in _all(one, path):
            if said := plain(found.text):
                return said
    return ""


def _texts(one: Element | None, *paths: str) -> Iterator[str]:
    yield from (said for path in paths for found in _all(one, path) if (said := plain(found.text)))


def _statement(one: Element, where: str, faults: Faults) -> Statement:
    account = _text(one, "Acct/Id/IBAN", "Acct/Id/Othr/Id").replace(" ", "")
    if not account:
        faults.add(where, "Acct/Id", "", "the account's IBAN or number")
    currency = _text(one, "Acct/Ccy") or next((a.get("Ccy", "") for a in _all(one, "Bal/Amt")), "")
    currency = currency or next((a.get("Ccy", "") for a in _all(one, "Ntry/Amt")), "")
    entries = _all(one, "Ntry")
    if currency or entries:
        currency = faults.currency(where, "Acct/Ccy", currency)
    movements = [_movements(e, f"{where}/Ntry[{n}]", currency, faults) for n, e in enumerate(entries, 1)]
    made = Statement(
        where,
        account,
        currency,
        _text(one, "Id"),
        _balance(one, where, ("OPBD", "PRCD"), currency, faults),
        _balance(one, where, ("CLBD",), currency, faults),
        tuple(chain.from_iterable(movements)),
    )
    if made.difference is None:
        _check_summary(one, entries, where, currency, faults)
    return made


def _balance(one: Element, where: str, codes: tuple[str, ...], currency: str, faults: Faults) -> int | None:
    """The balance of the first of these codes that there is: the opening one may stand as yesterday's closing."""
    balances = {_text(bal, "Tp/CdOrPrtry/Cd"): bal for bal in reversed(_all(one, "Bal"))}
    for code in codes:
        if code in balances:
            place = f"{where}/Bal[{code}]"
            amount = faults.amount(place, "Amt", _text(balances[code], "Amt"), currency, zero=True)
            return amount if _incoming(balances[code], place, faults) else -amount
    return None


def _incoming(one: Element, where: str, faults: Faults) -> bool:
    told = _text(one, "CdtDbtInd")
    if told not in ("CRDT", "DBIT"):
        faults.add(where, "CdtDbtInd", told, "CRDT or DBIT")
    return told == "CRDT"


def _check_summary(one: Element, entries: list[Element], where: str, currency: str, faults: Faults) -> None:
    """Where no balances prove that nothing is missing, the bank's own count and sums must."""
    told = _text(one, "TxsSummry/TtlNtries/NbOfNtries")
    if told.isdecimal() and int(told) != len(entries):
        faults.add(where, "TxsSummry/TtlNtries/NbOfNtries", told, f"{len(entries)}, as many as there are")
    for side, path in (("CRDT", "TtlCdtNtries"), ("DBIT", "TtlDbtNtries")):
        total = _text(one, f"TxsSummry/{path}/Sum")
        if not total:
            continue
        ours = [_text(e, "Amt") for e in entries if _text(e, "CdtDbtInd") == side]
        here = sum(faults.amount(where, "Ntry/Amt", amount, currency, zero=True) for amount in ours)
        if faults.amount(where, f"TxsSummry/{path}/Sum", total, currency, zero=True) != here:
            faults.add(where, f"TxsSummry/{path}/Sum", total, f"{here} minor units, the sum of its entries")


def _movements(entry: Element, where: str, currency: str, faults: Faults) -> list[Movement]:
    stated = _all(entry, "Amt")[0].get("Ccy", "") if _all(entry, "Amt") else ""
    if currency and stated != currency:
        faults.add(where, "Amt/@Ccy", stated, f"{currency}, the account's currency")
    amount = faults.amount(where, "Amt", _text(entry, "Amt"), currency, zero=True)
    told = {
        "booked_on": _day(entry, where, "BookgDt", faults) or _day(entry, where, "ValDt", faults),
        "value_on": _day(entry, where, "ValDt", faults),
        "booked": _status(entry, where, faults),
        "reversal": _text(entry, "RvslInd") in ("true", "1"),
    }
    if told["booked_on"] is None:
        faults.add(where, "BookgDt", "", "the day on which the bank booked it")
        return []
    incoming = _incoming(entry, where, faults)
    parts = _all(entry, "NtryDtls/TxDtls")
    apart = _apart(parts, amount, incoming, currency, faults, where)
    if len(parts) > 1 and apart:
        return [
            _movement(entry, [part], f"{where}/TxDtls[{n}]", minor, way, **told)
            for n, (part, (minor, way)) in enumerate(zip(parts, apart, strict=True), 1)
            if minor
        ]
    note = "batch" if len(parts) > 1 or _all(entry, "NtryDtls/Btch") else ""
    return [_movement(entry, parts, where, amount, incoming, **told, note=note)] if amount else []


def _apart(
    parts: list[Element], total: int, incoming: bool, currency: str, faults: Faults, where: str
) -> list[tuple[int, bool]] | None:
    """Amount and way of each part of a batch, if they are told and come to the entry's amount."""
    found: list[tuple[int, bool]] = []
    for n, part in enumerate(parts, 1):
        own = _all(part, "Amt") or _all(part, "AmtDtls/TxAmt/Amt")
        if not own or own[0].get("Ccy", currency) != currency:
            return None
        minor = faults.amount(f"{where}/TxDtls[{n}]", "Amt", plain(own[0].text), currency, zero=True)
        way = _text(part, "CdtDbtInd")
        found.append((minor, way == "CRDT" if way else incoming))
    signed = sum(minor if way else -minor for minor, way in found)
    return found if signed == (total if incoming else -total) else None


def _status(entry: Element, where: str, faults: Faults) -> bool:
    told = _text(entry, "Sts/Cd", "Sts")
    if told not in ("BOOK", "PDNG", "INFO", "FUTR"):
        faults.add(where, "Sts", told, "BOOK, PDNG, INFO or FUTR")
    return told == "BOOK"


def _day(entry: Element, where: str, name: str, faults: Faults) -> date | None:
    told = _text(entry, f"{name}/Dt", f"{name}/DtTm")
    if not told:
        return None
    match = DAY.fullmatch(told)
    try:
        day = date.fromisoformat(match[1]) if match else None
    except ValueError:
        day = None
    if day is None or not possible_day(day):
        faults.add(where, name, told, "a day as YYYY-MM-DD")
        return None
    return day


def _movement(
    entry: Element, parts: list[Element], where: str, amount: int, incoming: bool, **told: Any
) -> Movement:
    side, words = ("Dbtr", []) if incoming else ("Cdtr", [])
    names: list[str] = []
    accounts: list[str] = []
    for part in parts:
        parties = next(iter(_all(part, "RltdPties")), None)
        ultimate, direct = f"Ultmt{side}", side
        names += filter(
            None, [_text(parties, f"{ultimate}/Nm", f"{ultimate}/Pty/Nm", f"{direct}/Nm", f"{direct}/Pty/Nm")]
        )
        accounts += filter(None, [_text(parties, f"{side}Acct/Id/IBAN", f"{side}Acct/Id/Othr/Id")])
        words += _words(part)
    words += _texts(entry, "AddtlNtryInf")
    return Movement(
        where,
        amount,
        incoming,
        instant=_text(entry, "BookgDt/DtTm"),
        reference=_reference(entry, parts),
        payer_name=_one(names),
        payer_account=_one(accounts),
        text=" | ".join(dict.fromkeys(words)),
        **told,
    )


def _one(found: Iterable[str]) -> str:
    """What all parts of a batch agree on; of different payers, none."""
    different = list(dict.fromkeys(found))
    return different[0] if len(different) == 1 else ""


def _words(part: Element) -> list[str]:
    """What the other side wrote, and the references that came with the payment."""
    remittance = next(iter(_all(part, "RmtInf")), None)
    lines = list(_texts(remittance, "Ustrd"))
    said = [" ".join(lines), "".join(lines)] if len(lines) > 1 else lines  # banks cut long texts in mid-word
    said += _texts(remittance, "Strd/CdtrRefInf/Ref", "Strd/RfrdDocInf/Nb", "Strd/AddtlRmtInf")
    said += _texts(part, "Refs/EndToEndId", "Refs/MndtId", "Refs/InstrId", "Refs/PmtInfId", "AddtlTxInf")
    return [one for one in said if not NO_REFERENCE.fullmatch(one)]


def _reference(entry: Element, parts: list[Element]) -> str:
    """The bank's own reference: the transaction's where the entry is taken apart, with the entry's before it."""
    of_part = _text(parts[0], "Refs/AcctSvcrRef", "Refs/TxId") if len(parts) == 1 else ""
    found = [_text(entry, "AcctSvcrRef"), of_part]
    return "/".join(dict.fromkeys(one for one in found if one and not NO_REFERENCE.fullmatch(one)))
