"""Pages at a million loans with 20 people at once: how long each takes to come, and which statements are slow.

    .venv/bin/python benchmarks/bench_pages.py --loans 1000000 --minutes 4

The desk runs as `forbear serve` runs it, on the same machine as the load. Twenty signed-in people (16 agents, 4
managers) click as they would, with a pause for thought after each page (exponential, 4 seconds on average): agents
read the worklist, filter, sort and turn it, take the next case, look at a borrower and her history; managers look at
the board and search payments. A page's time is from the click to its last byte. Statements over 50 ms are those that
PostgreSQL itself logged. Then the ledger is verified. Writes benchmarks/pages.md.
"""

from __future__ import annotations

import argparse
import http.client
import os
import platform
import random
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from forbear.desk.server.access import desk_at
from forbear.testing.desk import LiveDesk, open_folder

HERE = Path(__file__).parent
AGENTS, MANAGERS = 16, 4
THINK_SECONDS = 4.0
SLOW_MS = 50
WANTED_MS = 100
TOKEN = "f" * 32


class Browser:
    """Somebody signed in, on one connection; notes how long each page took."""

    def __init__(self, url: str, cookies: str, took: dict[str, list[float]], chance: random.Random) -> None:
        self._where, self._cookies, self._took, self.chance = urlsplit(url), cookies, took, chance
        self._line = http.client.HTTPConnection(self._where.hostname or "", self._where.port)

    def get(self, page: str, path: str) -> str:
        """A page; redirects are followed, and its time is the last page's with all before it."""
        return self._asked(page, "GET", path, None)

    def post(self, page: str, path: str, **form: str) -> str:
        """A button, and the page it leads to."""
        return self._asked(page, "POST", path, urlencode({"csrfmiddlewaretoken": TOKEN, **form}))

    def _asked(self, page: str, method: str, path: str, body: str | None) -> str:
        began = time.perf_counter()
        for _ in range(3):
            headers = {"Cookie": self._cookies, "Accept-Language": "en", "Referer": self._where.geturl()}
            if body is not None:
                headers["Content-Type"] = "application/x-www-form-urlencoded"
            self._line.request(method, path, body, headers)
            answer = self._line.getresponse()
            told = answer.read().decode()
            if answer.status != 302:
                break
            method, path, body = "GET", answer.headers["Location"], None
        assert answer.status == 200, (page, path, answer.status, told[:500])
        self._took.setdefault(page, []).append(1000 * (time.perf_counter() - began))
        return told


def agent(browser: Browser) -> Iterator[None]:
    """An agent's clicks, for ever."""
    while True:
        page = browser.get("worklist", "/worklist")
        yield
        asked = {"bucket": browser.chance.choice(["", "M1", "M2", "M4"])}
        asked |= {"sort": browser.chance.choice(["priority", "dpd", "arrears", "outstanding"])}
        asked |= {"queue": browser.chance.choice(["", "", f"queue {browser.chance.randrange(8)}"])}
        asked |= {"held": browser.chance.choice(["", "", "free", "mine"])}
        page = browser.get("worklist, filtered and sorted", f"/worklist?{urlencode(asked)}")
        yield
        if after := re.search(r'href="(\?[^"]*after=[^"]*)"', page):
            page = browser.get("worklist, turned", "/worklist" + after[1].replace("&amp;", "&"))
            yield
        seen = re.findall(r'href="(/borrowers/[^"]+)"', page)
        if seen:
            whose = browser.chance.choice(seen)
            browser.get("borrower", whose)
            yield
            if browser.chance.random() < 0.3:
                browser.get("borrower's history", whose.replace("/borrowers/", "/cases/of/"))
                yield
        browser.post("next case, to her borrower's page", "/worklist/next")
        yield


def manager(browser: Browser, loans: int) -> Iterator[None]:
    """A manager's clicks, for ever."""
    while True:
        browser.get("board", f"/board?period={browser.chance.choice(['today', '7', '30'])}")
        yield
        loan = f"L{browser.chance.randrange(1, loans + 1):08}"
        browser.get("payments, found by loan", f"/payments?words={loan}")
        yield
        browser.get("payments, found by payment", f"/payments?words=P{loan}-1")
        yield
        browser.get("payments, with a preview", f"/payments/of/{quote(loan)}?amount=100&paid_on=2026-09-01")
        yield


def drive(clicks: Iterator[None], until: float, chance: random.Random) -> None:
    """Click and think until the time is up."""
    time.sleep(chance.random() * THINK_SECONDS)
    for _ in clicks:
        pause = chance.expovariate(1 / THINK_SECONDS)
        if time.monotonic() + pause > until:
            return
        time.sleep(pause)


def everybody(url: str, cookies: dict[str, str], loans: int, seconds: float) -> dict[str, list[float]]:
    """Milliseconds by page."""
    took: dict[str, list[float]] = {}
    until = time.monotonic() + seconds
    threads, failed = [], []
    for n, (name, cookie) in enumerate(cookies.items()):
        browser = Browser(url, cookie, took, random.Random(n))
        clicks = manager(browser, loans) if name.startswith("manager") else agent(browser)

        def run(clicks: Iterator[None] = clicks, chance: random.Random = browser.chance) -> None:
            try:
                drive(clicks, until, chance)
            except BaseException as error:
                failed.append(error)
                raise

        threads.append(threading.Thread(target=run))
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return took


def signed_in() -> dict[str, str]:
    """The cookies of each session."""
    from django.conf import settings
    from django.test import Client

    from forbear.desk.people.models import User

    made = {}
    for user in User.objects.filter(username__startswith="agent") | User.objects.filter(
        username__startswith="manager"
    ):
        client = Client()
        client.force_login(user)
        cookies = [f"{key}={morsel.value}" for key, morsel in client.cookies.items()]
        made[user.username] = "; ".join([*cookies, f"{settings.CSRF_COOKIE_NAME}={TOKEN}"])
    return made


def slow_statements(log: Path, since: int) -> list[tuple[float, str]]:
    """The statements that PostgreSQL logged as slow, by their first words."""
    text = log.read_text(errors="replace")[since:]
    found = re.findall(r"duration: ([0-9.]+) ms  (?:statement|execute [^:]*): (.*)", text)
    return sorted(((float(ms), " ".join(words.split())[:150]) for ms, words in found), reverse=True)


def verified(data: Path) -> tuple[float, float]:
    """Seconds of `forbear ledger verify`, and the gigabytes of its process."""
    command = [
        sys.executable,
        "-c",
        "from forbear.cli import main; main()",
        "ledger",
        "verify",
        "--data",
        str(data),
    ]
    began = time.perf_counter()
    told = subprocess.Popen([*command], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(told.pid, 0)
    assert status == 0, "the ledger does not verify"
    return time.perf_counter() - began, used.ru_maxrss / 2**20


def measure(loans: int, minutes: float, say: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """Fill a desk, drive it, verify it; what is known after the drive, and again after the verification."""
    os.environ["FORBEAR_SECOND_FACTOR_ROLES"] = ""
    with open_folder() as folder, LiveDesk(folder / "data", workers=2, threads=8) as desk, desk_at(desk.data):
        from django.db import connection
        from pages_desk import fill

        from forbear.desk.people.models import User

        people = [(f"agent{n}", "agent") for n in range(AGENTS)] + [
            (f"manager{n}", "manager") for n in range(MANAGERS)
        ]
        users = [User.objects.create_user(name, role=role) for name, role in people]
        compliance = User.objects.create_user("law", role="compliance")
        told: dict[str, Any] = {"filled": fill(loans, users[:AGENTS], compliance, say)}
        cookies = signed_in()
        everybody(desk.url, cookies, loans, 20)  # warm: every page once, plans and pages in memory
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER SYSTEM SET log_min_duration_statement = {SLOW_MS}")
            cursor.execute("SELECT pg_reload_conf()")
        log = desk.data / "postgres" / "log"
        since = len(log.read_text(errors="replace"))
        say("driving")
        told["took"] = everybody(desk.url, cookies, loans, 60 * minutes)
        told["slow"] = slow_statements(log, since)
        told["disk"] = "tmpfs" if str(folder).startswith("/dev/shm") else "disk"
        told["load"] = os.getloadavg()[0]
        yield told
        say("verifying")
        yield told | {"verify": verified(desk.data)}


def of(values: list[float], share: float) -> float:
    """A quantile."""
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def page(told: dict[str, Any], loans: int, command: str) -> str:
    """The results page."""
    filled, took = told["filled"], told["took"]
    verify = (
        f"{told['verify'][0]:.0f} s, {told['verify'][1]:.2f} GiB, no difference" if "verify" in told else "not run"
    )
    rows = [
        f"| {name} | {len(values):,} | {of(values, 0.5):.0f} | {of(values, 0.95):.0f} | {of(values, 0.99):.0f} |"
        for name, values in sorted(took.items())
    ]
    slow = [f"- {ms:,.0f} ms: `{words}`" for ms, words in told["slow"][:10]] or ["None."]
    return "\n".join(
        [
            f"# Pages at {loans:,} loans",
            "",
            f"`{command}`, {datetime.now(UTC):%Y-%m-%d}, {os.cpu_count()} cores, {platform.system()} "
            f"{platform.machine()}, Python {platform.python_version()}; desk, database and load on the same cores.",
            f"{filled['loans']:,} loans of {filled['borrowers']:,} borrowers, {filled['cases']:,} open cases,",
            f"{filled['contacts']:,} contacts, {filled['installments']:,} installments,",
            f"{filled['ledger_entries']:,} entries, {filled['ledger_postings']:,} postings, in all",
            f"{filled['bytes'] / 2**30:.1f} GiB, made and booked in {filled['seconds']:.0f} s. {AGENTS} agents and",
            f"{MANAGERS} managers at once, {THINK_SECONDS:.0f} s of thought a click on average.",
            f"Data folder on {told['disk']}; load of the machine at the end: {told['load']:.0f}.",
            "",
            f"| page, click to last byte (wanted: p95 under {WANTED_MS} ms) | times | p50 ms | p95 ms | p99 ms |",
            "| --- | --- | --- | --- | --- |",
            *rows,
            "",
            f"Statements over {SLOW_MS} ms among all of these: {len(told['slow'])}.",
            "",
            *slow,
            "",
            f"`forbear ledger verify` of all {loans:,} loans: {verify}.",
            "",
        ]
    )


def main() -> None:
    """Measure and write the page."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--loans", type=int, default=1_000_000)
    options.add_argument("--minutes", type=float, default=4)
    options.add_argument("--out", type=Path, default=HERE / "pages.md")
    given = options.parse_args()
    command = f"benchmarks/bench_pages.py --loans {given.loans} --minutes {given.minutes:g}"
    for told in measure(given.loans, given.minutes, lambda words: print(words, flush=True)):
        text = page(told, given.loans, command)
        given.out.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
