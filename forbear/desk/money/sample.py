"""An invented day at the bank for a sample desk: labelled and unlabelled receipts, a fee, money the bank took back.

Written as a bank's CSV export and taken in as any other; and one waiver that waits for a second person.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from forbear.desk.ledger.balances import balances
from forbear.desk.ledger.refusals import Refused
from forbear.desk.money.acts import Wanted, propose_act
from forbear.desk.money.bank.mapping import shipped_mapping
from forbear.desk.money.taking import take_file
from forbear.desk.people.models import User
from forbear.desk.privacy.keys import open_sealed
from forbear.desk.privacy.models import PersonalValue
from forbear.desk.record.models import Case, Loan

HEAD = (
    "账号：6222 0200 0000 0001,,,,,,,,,\n"
    "交易日期,交易时间,借方发生额,贷方发生额,余额,币种,对方户名,对方账号,摘要,附言,交易流水号\n"
)
LABELLED, UNLABELLED, STRANGERS = 12, 8, 4
OPENING = 1_000_000_00


def furnish_bank(manager: User, at: datetime, chance: random.Random) -> None:
    """Take the invented day in, and propose one waiver."""
    day = (at - timedelta(days=1)).date()
    text = HEAD + "".join(_lines(f"{day:%Y%m%d}", chance))
    take_file(text.encode("gb18030"), f"bank-{day:%Y%m%d}.csv", shipped_mapping("cn-bank"), actor=manager, at=at)
    _propose_waiver(manager, at)


def _lines(day: str, chance: random.Random) -> list[str]:
    """The day's rows, each with the balance after it."""
    wanted = LABELLED + UNLABELLED
    cases = Case.objects.filter(closed_at__isnull=True, arrears__gt=0).order_by("-priority", "case_id")[:wanted]
    rows = [_row(case, number < LABELLED, number, chance) for number, case in enumerate(cases)]
    rows += [(chance.randrange(100, 900_00), "样例客户", f"62170000{n:08}", "货款", "") for n in range(STRANGERS)]
    rows += [(-20_00, "", "", "手续费", ""), (-rows[-1][0], "样例客户", "6217000000000003", "冲正", "原交易退回")]
    balance, made = OPENING, []
    for number, (amount, name, account, about, words) in enumerate(rows):
        balance += amount
        sides = f"{-amount / 100:.2f}," if amount < 0 else f",{amount / 100:.2f}"
        time = f"{9 + number // 6:02}:{number % 6}0:00"
        made.append(
            f"{day},{time},{sides},{balance / 100:.2f},人民币,{name},{account},{about},{words},T{day}{number:04}\n"
        )
    return made


def _row(case: Case, labelled: bool, number: int, chance: random.Random) -> tuple[int, str, str, str, str]:
    loan = Loan.objects.filter(borrower_id=case.borrower_id).order_by("loan_id").values_list("pk", flat=True)[0]
    words = f"还款 {loan}" if labelled else chance.choice(("还贷款", "本月的", ""))
    amount = chance.choice((case.arrears, case.arrears // 2 or 1, 500_00))
    return amount, _name(case.borrower_id), f"62170001{number:08}", "转账", words


def _name(borrower_id: str) -> str:
    row = PersonalValue.objects.filter(borrower_id=borrower_id, field="name").first()
    return open_sealed(bytes(row.sealed), "personal.name") if row else "样例客户"


def _propose_waiver(manager: User, at: datetime) -> None:
    """Half of the interest in arrears of the first case that has any."""
    for case in Case.objects.filter(closed_at__isnull=True).order_by("-priority", "case_id")[:20]:
        loans = Loan.objects.filter(borrower_id=case.borrower_id).values_list("pk", flat=True)
        for loan, standing in balances(loans, at.date()).items():
            if half := standing.arrears_interest // 2:
                wanted = Wanted(
                    kind="waiver",
                    loan_id=loan,
                    effective_on=at.date(),
                    amounts={"interest": half},
                    reason="困难减免（样例） / hardship, a sample",
                )
                try:
                    propose_act(manager, wanted, at)
                except Refused:
                    continue
                return
