"""Notes and complaints are kept sealed under the borrower's key; what stood there in plain text is sealed now."""

from django.db import migrations, models

import forbear.desk.privacy.sealed

TEXTS = (
    ("notes", "note_id", "text"),
    ("complaints", "complaint_id", "text"),
    ("complaints", "complaint_id", "answer"),
)
SET_ASIDE = ";".join(
    f"ALTER TABLE {table} RENAME {column} TO {column}_plain;"
    f"ALTER TABLE {table} ADD {column} bytea NOT NULL DEFAULT ''::bytea;"
    f"ALTER TABLE {table} ALTER {column} DROP DEFAULT"
    for table, _, column in TEXTS
)
DROP = ";".join(f"ALTER TABLE {table} DROP {column}_plain" for table, _, column in TEXTS)


def seal(apps, schema_editor):
    from forbear.desk.privacy.keys import current

    with schema_editor.connection.cursor() as cursor:
        for table, key, column in TEXTS:
            cursor.execute(f"SELECT {key}, borrower_id, {column}_plain FROM {table} WHERE {column}_plain <> ''")
            for pk, borrower, plain in cursor.fetchall():
                sealed = current("borrower", borrower).seal(plain, f"{table}.{column}")
                cursor.execute(f"UPDATE {table} SET {column} = %s WHERE {key} = %s", (sealed, pk))


class Migration(migrations.Migration):
    dependencies = [("record", "0005_events_are_the_ledgers"), ("privacy", "0001_initial")]

    operations = [
        migrations.RemoveConstraint(model_name="complaint", name="complaint_answer_given"),
        migrations.SeparateDatabaseAndState(
            database_operations=[
                migrations.RunSQL(SET_ASIDE),
                migrations.RunPython(seal),
                migrations.RunSQL("SET CONSTRAINTS ALL IMMEDIATE"),
                migrations.RunSQL(DROP),
            ],
            state_operations=[
                migrations.AlterField("note", "text", forbear.desk.privacy.sealed.SealedText()),
                migrations.AlterField("complaint", "text", forbear.desk.privacy.sealed.SealedText()),
                migrations.AlterField("complaint", "answer", forbear.desk.privacy.sealed.SealedText()),
            ],
        ),
        migrations.AddConstraint(
            model_name="complaint",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("answered_at__isnull", True), models.Q(("answer", b""), _negated=True), _connector="OR"
                ),
                name="complaint_answer_given",
            ),
        ),
    ]
