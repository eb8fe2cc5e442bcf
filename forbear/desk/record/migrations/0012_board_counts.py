from django.conf import settings
from django.db import migrations, models

STRATEGIES = """
UPDATE promises p SET strategy = c.strategy FROM contacts c WHERE c.contact_id = p.contact_id AND c.strategy IS NOT NULL
"""
COUNTED = ["strategy", "channel", "party", "result", "borrower", "contact_id", "sender"]


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0004_approval_guard"),
        ("record", "0011_worklist_orders"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="promise",
            name="strategy",
            field=models.TextField(blank=True, help_text="that of the contact in which it was made", null=True),
        ),
        migrations.RunSQL(STRATEGIES, migrations.RunSQL.noop),
        migrations.AddIndex(
            model_name="contact",
            index=models.Index(
                fields=["at", "by"],
                include=COUNTED,
                condition=models.Q(("direction", "out")),
                name="contacts_outward",
            ),
        ),
        migrations.RemoveIndex(model_name="contact", name="contacts_by_time"),
    ]
