from django.conf import settings
from django.db import migrations, models

OPEN = models.Q(("closed_at__isnull", True))


def order(column):
    """An order of the worklist, over the open cases."""
    index = models.Index(models.F(column).desc(), "case_id", name=f"cases_by_{column}", condition=OPEN)
    return migrations.AddIndex(model_name="case", index=index)


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0004_approval_guard"),
        ("record", "0009_board_indexes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [order("dpd"), order("arrears"), order("outstanding")]
