from django.db import migrations

from forbear.desk.ledger.named import named

BACK = """
DROP FUNCTION ledger_postings_balance CASCADE;
DROP TRIGGER ledger_entries_append_only ON ledger_entries;
DROP TRIGGER ledger_postings_append_only ON ledger_postings;
DROP TRIGGER ledger_accounts_stay ON ledger_accounts;
"""


class Migration(migrations.Migration):
    dependencies = [("ledger", "0001_initial"), ("audit", "0002_append_only")]

    operations = [migrations.RunSQL(named("guards"), BACK)]
