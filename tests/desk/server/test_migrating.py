"""A start that has nothing to migrate sees so without Django; one that has something is not fooled."""

from __future__ import annotations

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.db.migrations.loader import MigrationLoader

from forbear.desk.server.migrating import all_done, on_disk


def test_it_finds_the_migrations_that_django_finds():
    known = MigrationLoader(None, ignore_no_migrations=True).disk_migrations
    assert set(on_disk(settings.INSTALLED_APPS)) == set(known)
    assert {label for label, _ in known} <= {one.label for one in apps.get_app_configs()}


@pytest.mark.postgres
@pytest.mark.django_db
def test_only_a_database_that_had_them_all_is_left_alone(postgres):
    with psycopg.connect(postgres) as connection:
        assert all_done(connection, settings.INSTALLED_APPS)
        connection.execute("DELETE FROM django_migrations WHERE app = 'strategies'")
        assert not all_done(connection, settings.INSTALLED_APPS)
        connection.execute("DROP TABLE django_migrations")
        assert not all_done(connection, settings.INSTALLED_APPS)
        connection.rollback()
