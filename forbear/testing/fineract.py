"""A double of an Apache Fineract server: real HTTP on loopback, answers in Fineract's own shapes, faults on demand.

Shapes and words are those of Fineract's sources (LoanAccountData, LoanSchedulePeriodData, LoanTransactionData,
LoanTransactionEnumData, AuditData): dates as [2026, 1, 15], amounts with six decimals, enumerations as id, code and
value, lists as totalFilteredRecords and pageItems. The data are invented.
"""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

USER, PASSWORD, TENANT = "mifos", "correct horse", "default"
MOST_AT_ONCE = 200

STATUS = {
    100: "Submitted and pending approval",
    200: "Approved",
    300: "Active",
    303: "Transfer in progress",
    304: "Transfer on hold",
    400: "Withdrawn by applicant",
    500: "Rejected",
    600: "Closed (obligations met)",
    601: "Closed (written off)",
    602: "Closed (rescheduled)",
    700: "Overpaid",
}
TYPES = {
    1: ("disbursement", "Disbursement"),
    2: ("repayment", "Repayment"),
    4: ("waiver", "Waive interest"),
    5: ("repaymentAtDisbursement", "Repayment (at time of disbursement)"),
    6: ("writeOff", "Close (as written-off)"),
    8: ("recoveryRepayment", "Recovery Repayment"),
    9: ("waiveCharges", "Waive loan charges"),
    10: ("accrual", "Accrual"),
    20: ("creditBalanceRefund", "Credit Balance Refund"),
    21: ("merchantIssuedRefund", "Merchant Issued Refund"),
    22: ("payoutRefund", "Payout Refund"),
    23: ("goodwillCredit", "Goodwill Credit"),
    25: ("chargeback", "Chargeback"),
    26: ("chargeAdjustment", "Charge Adjustment"),
    27: ("chargeOff", "Charge-off"),
}


def array(day: date) -> list[int]:
    """A date as Fineract writes it."""
    return [day.year, day.month, day.day]


def transaction(key: int, kind: int, on: date, amount: float, **more: Any) -> dict[str, Any]:
    """A loan transaction."""
    name, value = TYPES.get(kind, (f"type{kind}", f"Type {kind}"))
    portion = {"principalPortion": amount, "interestPortion": 0.0, "feeChargesPortion": 0.0}
    told = {
        "id": key,
        "officeId": 1,
        "officeName": "Head Office",
        "type": {"id": kind, "code": f"loanTransactionType.{name}", "value": value, name: True},
        "date": array(on),
        "currency": {"code": "KES", "decimalPlaces": 2, "inMultiplesOf": 0},
        "amount": amount,
        **portion,
        "penaltyChargesPortion": 0.0,
        "overpaymentPortion": 0.0,
        "outstandingLoanBalance": 0.0,
        "submittedOnDate": array(on),
        "manuallyReversed": False,
        "loanChargePaidByList": [],
        "transactionRelations": [],
    }
    return told | {name: array(one) if isinstance(one, date) else one for name, one in more.items()}


def period(number: int, due: date, principal: float, interest: float, **more: float) -> dict[str, Any]:
    """An installment of a repayment schedule."""
    told: dict[str, Any] = {
        "period": number,
        "fromDate": array(due - timedelta(days=30)),
        "dueDate": array(due),
        "complete": False,
        "daysInPeriod": 30,
        "principalOriginalDue": principal,
        "principalDue": principal,
        "interestOriginalDue": interest,
        "interestDue": interest,
        "downPaymentPeriod": False,
    }
    for part in ("principal", "interest", "feeCharges", "penaltyCharges"):
        for what in ("Due", "Paid", "Waived", "WrittenOff", "Outstanding"):
            told.setdefault(f"{part}{what}", 0.0)
    return told | more


def loan(
    key: int,
    *,
    status: int = 300,
    client: int | None = 7,
    principal: float = 1_000.0,
    interest: float = 100.0,
    term: int = 4,
    disbursed: date = date(2026, 1, 15),
    currency: str = "KES",
    transactions: list[dict[str, Any]] | None = None,
    **more: Any,
) -> dict[str, Any]:
    """A loan with its schedule and its transactions, as `GET loans/{id}` with associations answers."""
    part = round(principal / term, 2)
    parts = [part] * (term - 1) + [round(principal - part * (term - 1), 2)]
    periods = [{"dueDate": array(disbursed), "principalDisbursed": principal, "feeChargesDue": 0.0}] + [
        period(n, disbursed + timedelta(days=30 * n), parts[n - 1], round(interest / term, 2))
        for n in range(1, term + 1)
    ]
    lent = status >= 300 and status not in (400, 500)
    paid_out = [transaction(key * 1000, 1, disbursed, principal)] if lent else []
    told: dict[str, Any] = {
        "id": key,
        "accountNo": f"{key:09d}",
        "externalId": "",
        "status": {"id": status, "code": f"loanStatusType.{status}", "value": STATUS.get(status, "?")},
        "clientId": client,
        "clientName": "Petra Yton",
        "clientOfficeId": 1,
        "loanProductId": 1,
        "loanProductName": "Silver",
        "fundId": 3,
        "loanType": {"id": 1, "code": "accountType.individual", "value": "Individual"},
        "currency": {"code": currency, "name": currency, "decimalPlaces": 2, "displaySymbol": currency},
        "principal": principal,
        "approvedPrincipal": principal,
        "numberOfRepayments": term,
        "annualInterestRate": 24.0,
        "amortizationType": {"id": 1, "code": "amortizationType.equal.installments", "value": "Equal installments"},
        "interestType": {"id": 0, "code": "interestType.declining.balance", "value": "Declining Balance"},
        "timeline": {
            "submittedOnDate": array(disbursed),
            **({"actualDisbursementDate": array(disbursed)} if lent else {}),
        },
        "summary": {"currency": {"code": currency}, "principalDisbursed": principal, "totalRepayment": 0.0},
        "repaymentSchedule": {"currency": {"code": currency}, "loanTermInDays": 30 * term, "periods": periods},
        "transactions": [*paid_out, *(transactions or [])],
    }
    return told | more


Fault = Callable[[BaseHTTPRequestHandler], bool]


class _Server(ThreadingHTTPServer):
    """Clients that are killed are no error of the double's."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing."""


class FineractDouble:
    """The server; `loans` and `audits` are what it has, `fault` is asked before every answer.

    Attributes:
        asked: the paths that were asked for, with their queries.
        fault: answers by itself and gives True, or False.
    """

    def __init__(self) -> None:
        self.loans: dict[int, dict[str, Any]] = {}
        self.audits: list[dict[str, Any]] = []
        self.audits_readable = True
        self.asked: list[str] = []
        self.fault: Fault = lambda _request: False
        self._server = _Server(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._server.server_port}/fineract-provider/api/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def put(self, *loans: dict[str, Any]) -> None:
        """Have these loans, in place of those of the same ids."""
        self.loans |= {one["id"]: one for one in loans}

    def read_whole(self) -> list[int]:
        """The loans that were asked for one by one, in order."""
        paths = [urlsplit(one).path.rsplit("/", 1)[-1] for one in self.asked if "/loans/" in one]
        return sorted(int(one) for one in paths)

    def answer(self, path: str, asked: dict[str, str]) -> tuple[int, Any]:
        """The status and the body of a request that has signed in."""
        if path == "audits":
            if not self.audits_readable:
                return 403, {"developerMessage": "not allowed"}
            return 200, self._page(self.audits, asked)
        if path == "loans":
            rows = sorted(self.loans.values(), key=lambda one: str(one["accountNo"]))
            short = [
                {k: v for k, v in one.items() if k not in ("repaymentSchedule", "transactions")} for one in rows
            ]
            return 200, self._page(short, asked)
        key = path.removeprefix("loans/")
        if key.isdecimal() and int(key) in self.loans:
            whole = dict(self.loans[int(key)])
            wanted = asked.get("associations", "").split(",")
            for part in ("repaymentSchedule", "transactions"):
                if part not in wanted and "all" not in wanted:
                    whole.pop(part, None)
            return 200, whole
        return 404, {"httpStatusCode": "404", "developerMessage": "The requested resource is not available."}

    @staticmethod
    def _page(rows: list[dict[str, Any]], asked: dict[str, str]) -> dict[str, Any]:
        offset, limit = int(asked.get("offset", 0)), min(int(asked.get("limit", 200)), MOST_AT_ONCE)
        return {"totalFilteredRecords": len(rows), "pageItems": rows[offset : offset + limit]}

    def _handler(double) -> type[BaseHTTPRequestHandler]:  # noqa: N805
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                double.asked.append(self.path)
                if double.fault(self):
                    return
                parts = urlsplit(self.path)
                known = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
                if self.headers.get("Authorization") != f"Basic {known}":
                    status, body = 401, {"developerMessage": "Invalid authentication details"}
                elif self.headers.get("Fineract-Platform-TenantId") != TENANT:
                    status, body = 400, {"developerMessage": "no tenant"}
                else:
                    status, body = double.answer(parts.path.partition("/api/v1/")[2], dict(parse_qsl(parts.query)))
                say(self, status, body)

            def log_message(self, *_args: object) -> None:
                pass

        return Handler


def say(request: BaseHTTPRequestHandler, status: int, body: Any, **headers: str) -> None:
    """Answer with JSON."""
    told = re.sub(r'"amount:([^"]*)"', r"\1", json.dumps(_amounts(body))).encode()
    request.send_response(status)
    for name, value in {"Content-Type": "application/json", "Content-Length": str(len(told)), **headers}.items():
        request.send_header(name.replace("_", "-"), value)
    request.end_headers()
    request.wfile.write(told)


def _amounts(body: Any) -> Any:
    """Amounts marked, to be written with six decimals as Fineract does."""
    if isinstance(body, dict):
        return {name: _amounts(one) for name, one in body.items()}
    if isinstance(body, list):
        return [_amounts(one) for one in body]
    return f"amount:{body:.6f}" if isinstance(body, float) else body
