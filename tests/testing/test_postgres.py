"""The throwaway server is a real one, and leaves nothing behind."""

from pathlib import Path

import psycopg
import pytest

from forbear.testing.postgres import NoPostgres, binaries, throwaway_postgres

pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module", autouse=True)
def _binaries():
    try:
        binaries()
    except NoPostgres as missing:
        pytest.skip(missing.hint)


def test_it_answers_and_is_gone_afterwards():
    with throwaway_postgres() as where:
        with psycopg.connect(where) as connection:
            version = connection.execute("show server_version_num").fetchone()
            assert int(version[0]) >= 150000
            connection.execute("create table kept (n int)")
        folder = Path(where.split("host=")[1].split()[0])
        assert folder.exists()
    assert not folder.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(where, connect_timeout=1)


def test_settings_reach_the_server():
    with throwaway_postgres(work_mem="12MB") as where, psycopg.connect(where) as connection:
        assert connection.execute("show work_mem").fetchone() == ("12MB",)
