"""Metro 2 files of invented persons, laid down by plain string work: nothing here uses the code that is tested."""

from __future__ import annotations

_TOTALS = (
    "DF j1 j2 blocks DA 05 11 13 61 62 63 64 65 71 78 80 82 83 84 88 89 93 94 95 96 97 z n1 k1 k2 k3 k4 l1"
    " ssn ssn_base ssn_j1 ssn_j2 born born_base born_j1 born_j2 phone"
)
TOTALS = tuple(_TOTALS.split())


def text(value: str, length: int) -> str:
    return value.ljust(length)[:length]


def header(word: str = "0426") -> str:
    made = (
        f"{word}HEADER{text('', 2)}{text('', 10)}{text('EFX1', 10)}{text('', 5)}{text('TU00000001', 10)}"
        f"103120261101202601012024{'06012025'}{text('LANTERN LENDING INC', 40)}"
        f"{text('12 HARBOR STREET, SPRINGFIELD IL 62701', 96)}2175550100{text('FORBEAR', 40)}{text('1', 15)}"
    )
    return text(made, 426)


def base(
    account: str = "LN0001",
    *,
    word: str = "0426",
    status: str = "71",
    rating: str = " ",
    history: str = "0" * 12 + "B" * 12,
    balance: int = 4200,
    past_due: int = 350,
    charged_off: int = 0,
    born_delinquent: str = "09302026",
    closed: str = "00000000",
    scheduled: int = 350,
    comment: str = "",
    compliance: str = "",
    ssn: str = "219099999",
    ecoa: str = "1",
    kind: str = "01",
) -> str:
    made = (
        f"{word}1{'10312026120000'}0{text('FORB01', 20)}{text('', 2)}{text(account, 30)}I{kind}10012025"
        f"{0:09d}{6000:09d}024M{scheduled:09d}{350:09d}{status}{rating}{history}{text(comment, 2)}{text(compliance, 2)}"
        f"{balance:09d}{past_due:09d}{charged_off:09d}10312026{born_delinquent}{closed}10012026F{text('', 17)}"
        f"{text('MARLOW-REYES', 25)}{text('ADA', 20)}{text('QUINN', 20)} {ssn}04121985{2175550134}{ecoa}{text('', 2)}US"
        f"{text('7 ORCHARD LANE', 32)}{text('APT 3', 32)}{text('SPRINGFIELD', 20)}IL{text('62704', 9)}YR"
    )
    assert len(made) == 426, len(made)
    return made


def joint(kind: str = "J1") -> str:
    made = f"{kind} {text('MARLOW', 25)}{text('JONAH', 20)}{text('', 20)} 219098888070119832175550135{'2'}{text('', 2)}"
    if kind == "J1":
        return made + " "
    return (
        made + f"US{text('98 MILL ROAD', 32)}{text('', 32)}{text('PEORIA', 20)}IL{text('61602', 9)}Y {text('', 2)}"
    )


EXTRA = {
    "K1": text("K1" + text("OLD CREDITOR CO", 30) + "12", 34),
    "K2": text("K22" + text("NEW OWNER LLC", 30), 34),
    "K3": text("K300" + text("", 18) + text("100012345678901234", 18), 40),
    "K4": "K402" + "01152027" + "00000000" + "000000000" + " ",
    "L1": text("L11" + text("LN0001NEW", 30), 54),
    "N1": text(
        "N1" + text("HARBOR BAKERY", 30) + text("1 PIER", 32) + text("", 32) + text("PEORIA", 20) + "IL61602", 146
    ),
}
FILLER = "J1 " + " " * 66 + "0" * 27 + " " * 4


def trailer(word: str = "0426", **counts: int) -> str:
    return text(
        f"{word}TRAILER{counts.pop('base', 0):09d}{text('', 9)}"
        + "".join(f"{counts.get(one, 0):09d}" for one in TOTALS),
        426,
    )


ONE = {"base": 1, "71": 1, "ssn": 1, "ssn_base": 1, "born": 1, "born_base": 1, "phone": 1}
"""Totals of a file with one plain base segment."""


def plain(breaks: str = "\n", last: str | None = None) -> bytes:
    """One account, a record a line."""
    ends = breaks if last is None else last
    return (header() + breaks + base() + breaks + trailer(**ONE) + ends).encode()


def full(*, fixed: bool = False, breaks: str = "") -> bytes:
    """One joint account with every segment there is; records of their own length, or all of one with blanks behind."""
    appended = joint("J1") + joint("J2") + "".join(EXTRA.values())
    length = 426 + len(appended)
    word = f"{length:04d}"
    base_record = base(word=word, ecoa="2", comment="") + appended
    counts = {"base": 1, "71": 1, "j1": 1, "j2": 1, "phone": 3}
    counts |= dict.fromkeys(("k1", "k2", "k3", "k4", "l1", "n1"), 1)
    counts |= {
        f"{one}{of}": n for one in ("ssn", "born") for of, n in (("", 3), ("_base", 1), ("_j1", 1), ("_j2", 1))
    }
    if fixed:
        ends = (header(word).ljust(length), base_record, trailer(word, **counts).ljust(length))
    else:
        ends = (header(), base_record, trailer(**counts))
    return "".join(one + breaks for one in ends).encode()


def quirky() -> list[bytes]:
    """Files as software in use writes them, with the faults that were seen in such files."""
    wrong_word = (header("0006") + "\n" + base(word="0006") + FILLER + "\n" + trailer()[:407] + "\n").encode()
    blocked = ("0496" + header()).ljust(496) + "\n" + text(base(word="1000") + joint(), 1000) + "\n" + trailer()
    dots = header("0006") + "\n...." + base(word="0006") + EXTRA["K1"] + "\n...." + trailer()[:407] + "\n"
    no_header = base(word="0006") + "\n" + base("LN2", word="0006") + EXTRA["L1"] + "\n"
    cut = header() + "\n" + base()[:300] + "\n" + "what is this\n\n" + trailer() + "\x1a"
    letters = header() + "\n" + base().replace("000004200", " 4,200.00") + "\n" + trailer()
    return [wrong_word, *(one.encode() for one in (blocked, dots, no_header, cut, letters))]


def packed(numbers: str) -> bytes:
    """One account in packed records, each in a block of its own: IBM's packed decimal, or binary numbers."""

    def number(value: int, length: int) -> bytes:
        if numbers == "binary":
            return value.to_bytes(length, "big")
        return bytes.fromhex(f"{value:0{2 * length - 1}d}c")

    def date(digits: str, length: int = 5) -> bytes:
        if numbers == "binary":
            return b"\0" + int(digits).to_bytes(length - 2, "big") + b"s" if int(digits) else b"\0" * length
        return number(int(digits), length)

    def word(length: int) -> bytes:
        return length.to_bytes(2, "big") + b"\0\0"

    top = word(370) + word(366) + header()[4:366].encode()
    own = base()
    middle = own[4:5].encode() + date(own[5:19], 8) + own[19:75].encode() + date(own[75:83])
    middle += number(int(own[83:92]), 5) + number(int(own[92:101]), 5) + own[101:105].encode()
    middle += number(int(own[105:114]), 5) + number(int(own[114:123]), 5) + own[123:154].encode()
    middle += b"".join(number(int(own[at : at + 9]), 5) for at in (154, 163, 172))
    middle += b"".join(date(own[at : at + 8]) for at in (181, 189, 197, 205)) + own[213:297].encode()
    middle += number(int(own[297:306]), 5) + date(own[306:314]) + number(int(own[314:324]), 6) + own[324:].encode()
    counts = b"".join(number(ONE.get(one, 0), 5) for one in TOTALS)
    end = word(370) + word(366) + b"TRAILER" + number(1, 5) + b" " * 5 + counts + b" " * 135
    return top + word(470) + word(466) + middle + joint("J1").encode() + end
