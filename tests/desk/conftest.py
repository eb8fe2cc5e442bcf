"""The desk's tests: one PostgreSQL for each pytest process, migrated once.

| a test that | asks for |
| --- | --- |
| reads and writes rows | `@pytest.mark.django_db` (rolled back afterwards), or the fixture `db` |
| needs real commits and several connections | `committed`: opens psycopg connections; tables are emptied after |
| is a signed-in user | `as_role("agent")`: a Django test client |
| needs the real process | `live_desk` (one for the module), or `new_desk` (a fresh one, to be killed) |

Django is set up when this folder is collected, so that the other tests do not wait for it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forbear.desk.settings")
os.environ.setdefault("FORBEAR_SECRET_KEY", "of the tests alone, and long enough to sign with")
os.environ.setdefault("FORBEAR_MASTER_KEYS", "Zm9yIHRlc3RzIGFsb25lLCAzMiBieXRlcyBsb25nISE=")
os.environ.setdefault("FORBEAR_SECOND_FACTOR_ROLES", "")
os.environ.setdefault("FORBEAR_PUBLIC_URL", "http://testserver")
os.environ.setdefault("FORBEAR_DB_POOL", "0")
os.environ.setdefault("DATABASE_URL", "host=nowhere dbname=postgres user=forbear")

import django

django.setup()

from django.db import connections  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone, translation  # noqa: E402

from forbear.desk.people.models import Agency, User  # noqa: E402
from forbear.desk.people.rights import actions  # noqa: E402
from forbear.desk.people.tokens import issue, make_token  # noqa: E402
from forbear.testing.desk import LiveDesk, copied, open_folder  # noqa: E402
from forbear.testing.postgres import NoPostgres, binaries, throwaway_postgres  # noqa: E402

SERVICE_SCOPES = frozenset(action.name for action in actions().values() if "service" in action.roles)


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Outside of a request the words are English, whatever language a test before has left on."""
    with translation.override("en"):
        yield


@pytest.fixture(scope="session", autouse=True)
def tokens_that_say_nothing() -> Iterator[None]:
    """Draw form tokens from letters that form no word: two or three given ones stand in a page's tokens by chance.

    A test which says that a page does not name `B1` would else fail once in some thirty runs.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("django.middleware.csrf.CSRF_ALLOWED_CHARS", "jqxz")
        yield


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A libpq string of this process's own server; as durable as a test needs, that is not at all."""
    try:
        binaries()
    except NoPostgres as missing:
        pytest.skip(missing.hint)
    with throwaway_postgres(fsync="off", synchronous_commit="off", full_page_writes="off") as where:
        yield where


@pytest.fixture(scope="session")
def django_db_setup(postgres, django_test_environment, django_db_blocker):
    """Point Django at the server and migrate it; there is no other database to be careful with."""
    from django.core.management import call_command

    connection = connections["default"]
    given = dict(pair.split("=", 1) for pair in postgres.split())
    connection.settings_dict |= {
        "HOST": given["host"],
        "PORT": given["port"],
        "NAME": given["dbname"],
        "USER": given["user"],
    }
    with django_db_blocker.unblock():
        call_command("migrate", verbosity=0, interactive=False)
        with connection.cursor() as cursor:  # a test's end empties all tables, which these two refuse
            cursor.execute("ALTER TABLE audit_entries DISABLE TRIGGER audit_entries_not_emptied")
            cursor.execute("ALTER TABLE audit_links DISABLE TRIGGER audit_links_not_emptied")
        yield
        connection.close()


@pytest.fixture
def committed(transactional_db, postgres) -> Iterator[Callable[..., psycopg.Connection]]:
    """Opens psycopg connections to the tests' database; what they and Django commit is real until the test ends."""
    opened: list[psycopg.Connection] = []

    def connect(**options) -> psycopg.Connection:
        opened.append(psycopg.connect(postgres, **options))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


@pytest.fixture
def user_of(db) -> Callable[..., User]:
    """Makes a user of a role, with what such a role needs and without a usable password."""

    def make(role: str, username: str = "", **more) -> User:
        own = {
            "agency": lambda: {"agency": Agency.objects.get_or_create(agency_id="A1", defaults={"name": "A1"})[0]},
            "funder": lambda: {"funder_id": "F1"},
            "borrower": lambda: {"borrower_id": "B1"},
        }.get(role, dict)()
        made = User.objects.create_user(username or role, role=role, **{**own, **more})
        if role == "service":  # as if it had come by a token for all that a service may do
            made.token_scopes = SERVICE_SCOPES
        return made

    return make


@pytest.fixture
def as_role(user_of) -> Callable[..., Client]:
    """A Django test client, signed in as a fresh user of the role; a service comes by a token."""

    def signed_in(role: str, **more) -> Client:
        user = user_of(role, **more)
        if role == "service":
            at = timezone.now()
            made = make_token("tests", user.username, "tests", sorted(SERVICE_SCOPES), at + timedelta(days=1), at)
            return Client(headers={"Authorization": f"Bearer {issue('tests', made.pk)}"})
        client = Client()
        client.force_login(user)
        return client

    return signed_in


@pytest.fixture(scope="session")
def started_once(tmp_path_factory) -> Path:
    """The folder of a desk that was started and stopped, made once in a run and copied: only its start migrates."""
    place = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_TESTRUNUID" in os.environ:
        place = place.parent  # of all workers
    kept = place / "started-once"
    with (place / "started-once.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not kept.exists():
            with open_folder() as folder:
                with LiveDesk(folder / "data"):
                    pass
                copied(folder / "data", kept)
    return kept


@pytest.fixture(scope="module")
def live_desk(started_once) -> Iterator[LiveDesk]:
    """The real desk on a free port, one for the tests of a module."""
    with open_folder() as folder, LiveDesk(copied(started_once, folder / "data")) as desk:
        yield desk


@pytest.fixture
def new_desk(started_once) -> Iterator[LiveDesk]:
    """A desk of the test's own, not yet started; stopped afterwards if it still runs."""
    with open_folder() as folder:
        desk = LiveDesk(copied(started_once, folder / "data"))
        yield desk
        desk.stop()
