"""A client generated from the API's description does real work with a running desk: books a payment and reads it back.

The generator is OpenAPI Generator, which integrators know; it needs Java, and without it the test is skipped.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import urllib.request
from importlib.resources import files
from pathlib import Path

import pytest

from forbear.testing.books import write_good_book
from forbear.testing.desk import LiveDesk

pytestmark = [pytest.mark.postgres]

ROUND_TRIP = """
import json, sys
from datetime import date
import forbear_client as api
from forbear_client.rest import ApiException

url, token = sys.argv[1:]
with api.ApiClient(api.Configuration(host=url, access_token=token)) as client:
    payments, lists = api.PaymentsApi(client), api.ListsApi(client)
    loan = lists.list_loans(limit=1).rows[0]
    before = lists.list_balances(loan_id=loan.loan_id).rows[0]
    body = api.PaymentIn(loan_id=loan.loan_id, paid_on=date(2026, 3, 1), amount=1234, payment_id="T-1", source="till")
    booked = payments.payments_book_payment(idempotency_key="k-1", payment_in=body)
    again = payments.payments_book_payment(idempotency_key="k-1", payment_in=body)
    read = payments.payments_one_payment(payment_id="T-1")
    after = lists.list_balances(loan_id=loan.loan_id).rows[0]
    seen, mark = [], ""
    while True:
        page = lists.list_installments(loan_id=loan.loan_id, limit=2, after=mark)
        seen += [row.number for row in page.rows]
        mark = page.after
        if not mark:
            break
    try:
        payments.payments_one_payment(payment_id="nothing")
        refused = 0
    except ApiException as error:
        refused = error.status
print(json.dumps({
    "amount": read.amount, "paid_on": str(read.paid_on), "entries": [booked.entry_id, again.entry_id, read.entry_id],
    "paid": after.paid_total - before.paid_total, "numbers": seen, "refused": refused,
}))
"""


@pytest.mark.skipif(shutil.which("java") is None, reason="install Java: apt-get install openjdk-17-jre-headless")
def test_a_generated_client_books_a_payment_and_reads_it(new_desk: LiveDesk, tmp_path):
    write_good_book(tmp_path / "book", loans=3)
    new_desk.start()
    new_desk.run("desk", "import", str(tmp_path / "book"))
    new_desk.add_user("till", "service")
    scopes = [f"--scope={one}" for one in ("payments.book", "payments.see", "loans.see")]
    token = new_desk.run("desk", "token", "add", "till", "--name", "till", *scopes).strip()
    description = tmp_path / "openapi.json"
    with urllib.request.urlopen(f"{new_desk.url}/api/v1/openapi.json") as told:
        description.write_bytes(told.read())
    client = generated(description, tmp_path / "client")
    done = subprocess.run(
        [sys.executable, "-c", ROUND_TRIP, new_desk.url, token],
        capture_output=True,
        text=True,
        cwd=client,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["amount"] == told["paid"] == 1234
    assert told["paid_on"] == "2026-03-01"
    assert len(set(told["entries"])) == 1
    assert told["numbers"] == list(range(1, len(told["numbers"]) + 1))
    assert len(told["numbers"]) > 2
    assert told["refused"] == 404


def generated(description: Path, target: Path) -> Path:
    """A Python client for the API, in a folder."""
    jar = files("openapi_generator_cli").joinpath("openapi-generator.jar")
    command = ["java", "-Xshare:auto", "-XX:TieredStopAtLevel=1", "-jar", str(jar), "generate"]
    command += ["-i", str(description), "-g", "python", "-o", str(target)]
    command += ["--additional-properties=packageName=forbear_client"]
    command += ["--global-property=apiTests=false,modelTests=false,apiDocs=false,modelDocs=false"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return target
