"""The table in which failed sign-ins and rate limits are counted: not logged, for it may be lost in a crash."""

from django.db import migrations

MAKE = """
CREATE UNLOGGED TABLE desk_cache (
    cache_key varchar(255) PRIMARY KEY, value text NOT NULL, expires timestamptz NOT NULL
);
CREATE INDEX desk_cache_expires ON desk_cache (expires);
"""


class Migration(migrations.Migration):
    dependencies = [("people", "0001_initial")]

    operations = [migrations.RunSQL(MAKE, "DROP TABLE desk_cache")]
