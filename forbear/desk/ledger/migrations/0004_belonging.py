import django.db.models.deletion
from django.db import migrations, models

from forbear.desk.ledger.named import named

BACK = """
DROP TRIGGER ledger_accounts_keep_their_loan ON ledger_accounts;
DROP TRIGGER ledger_entries_belong ON ledger_entries;
DROP TRIGGER schedules_stay ON schedules;
DROP TRIGGER installments_of_schedule_still ON installments;
DROP TRIGGER installments_of_schedule ON installments;
DROP FUNCTION ledger_entries_belong, installments_of_schedule;
ALTER TABLE installments ADD CONSTRAINT installments_of_schedule
    FOREIGN KEY (loan_id, version) REFERENCES schedules (loan_id, version) DEFERRABLE INITIALLY DEFERRED;
"""


def entries(name, related, **more):
    """The foreign key of an entry, held by a statement's trigger instead of row by row."""
    to = "ledger.account" if name == "loan" else "ledger.entry"
    field = models.ForeignKey(
        db_constraint=False,
        db_index=False,
        on_delete=django.db.models.deletion.PROTECT,
        related_name=related,
        to=to,
        **more,
    )
    return migrations.AlterField(model_name="entry", name=name, field=field)


class Migration(migrations.Migration):
    dependencies = [("ledger", "0003_pay"), ("record", "0009_board_indexes")]

    operations = [
        entries("loan", "entries"),
        entries("of_entry", "followed_by", db_column="of_entry", null=True),
        entries("reverses", "reversed_by", db_column="reverses", null=True),
        migrations.RunSQL(named("belonging"), BACK),
    ]
