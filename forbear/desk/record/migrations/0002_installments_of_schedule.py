"""Django has no foreign key over two columns: an installment belongs to a version of its loan's schedule."""

from django.db import migrations

MAKE = """
ALTER TABLE installments ADD CONSTRAINT installments_of_schedule
    FOREIGN KEY (loan_id, version) REFERENCES schedules (loan_id, version) DEFERRABLE INITIALLY DEFERRED
"""


class Migration(migrations.Migration):
    dependencies = [("record", "0001_initial")]

    operations = [migrations.RunSQL(MAKE, "ALTER TABLE installments DROP CONSTRAINT installments_of_schedule")]
