from django.db import migrations

from forbear.desk.ledger.named import named

BACK = "DROP FUNCTION ledger_pay(text, text, date, bigint, text, text, timestamptz, jsonb)"


class Migration(migrations.Migration):
    dependencies = [("ledger", "0002_guards"), ("record", "0001_initial")]

    operations = [migrations.RunSQL(named("pay"), BACK)]
