from django.conf import settings
from django.db import migrations, models

OPEN = models.Q(("closed_at__isnull", True))


def order(column, *bucket):
    """An order of the worklist, over the open cases, of all or of a bucket."""
    name = f"cases_{'bucket' if bucket else 'by'}_{column}"
    index = models.Index(*bucket, models.F(column).desc(), "case_id", name=name, condition=OPEN)
    return migrations.AddIndex(model_name="case", index=index)


class Migration(migrations.Migration):
    dependencies = [
        ("people", "0004_approval_guard"),
        ("record", "0010_promises_complaints"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        order(column, *bucket) for bucket in ((), ("bucket",)) for column in ("dpd", "arrears", "outstanding")
    ]
