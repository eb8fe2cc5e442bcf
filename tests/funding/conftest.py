"""One small sample book for the room of funding, opened anew where a test narrows or spoils it."""

from datetime import date

import duckdb
import pytest

from forbear.book import open_book
from forbear.book.sample import make_sample
from forbear.funding.facility.agreement import facility_of
from forbear.night.funding import asked, funding

AS_OF = date(2026, 1, 31)
FACILITY = """
[facility]
name = "Senior A"
currency = "CNY"
limit = "9000000"
drawn = "1000000.50"
service = [{ on = 2026-02-20, amount = "100000.25" }, { on = 2026-03-31, amount = "7" }]
[[covenants]]
id = "PAR30"
title = { en = "PAR 30", zh = "逾期30天以上占比" }
metric = "par_30"
direction = "at_most"
threshold = "0.08"
margin = "0.01"
cure_days = 30
[[covenants]]
id = "POOL"
title = "pool"
kind = "trigger"
metric = "pool_principal"
direction = "at_least"
threshold = "99000000"
consequence = "early amortization"
[base]
advance_rate = "0.80"
[[base.eligibility]]
id = "E1"
title = "not late"
column = "dpd"
test = "at_most"
value = 30
[[base.eligibility]]
id = "E2"
title = "rate"
column = "annual_rate"
test = "at_most"
value = "0.20"
[[base.eligibility]]
id = "E3"
title = "big enough"
column = "principal_outstanding"
test = "at_least"
value = "100.00"
[[base.concentration]]
id = "C1"
title = "one product"
by = "product"
share = "0.30"
[[base.concentration]]
id = "C2"
title = "one borrower"
by = "borrower_id"
share = "0.01"
"""


@pytest.fixture(scope="session")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("funded")
    make_sample(place, loans=1500, seed=5, as_of=AS_OF)
    return place


@pytest.fixture
def book(folder):
    with duckdb.connect() as connection:
        yield open_book(folder, connection)


@pytest.fixture(scope="session")
def facility():
    return facility_of(FACILITY, "the test's file")


@pytest.fixture(scope="session")
def told(folder, facility):
    """All that a funder is told of the sample, made once; and the connection it was made in."""
    with duckdb.connect() as connection:
        opened = open_book(folder, connection)
        yield funding(opened, asked(AS_OF, facility=facility)), opened
