"""`forbear demo`: a desk to walk about in, on an invented book; it stops with Ctrl-C, or by itself unwatched."""

from __future__ import annotations

import http.cookiejar
import os
import re
import shutil
import signal
import sys
import threading
import urllib.parse
import urllib.request
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from forbear.basics.console import Steps, answers
from forbear.basics.errors import ForbearError

if TYPE_CHECKING:
    from forbear.desk.portal.sampling import Door
    from forbear.desk.sampling import SignIn

MARK = "made-by-forbear-demo"
"""File that says a folder is a demo's, so that a later demo may empty it."""


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command("demo")(demo_command)


def demo_command(
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for book, close and desk; made anew.")] = Path(
        "demo"
    ),
    loans: Annotated[
        int, typer.Option("--loans", "-n", min=1, help="How many loans the sample book has.")
    ] = 20_000,
    port: Annotated[int, typer.Option("--port", help="Port to listen on; 0 takes a free one.")] = 8000,
    seconds: Annotated[
        float | None,
        typer.Option(
            "--seconds",
            envvar="DEMO_SECONDS",
            help="Stop after so long; without a terminal the desk is tried and stopped at once.",
        ),
    ] = None,
    zone: Annotated[
        str,
        typer.Option(
            "--zone", help="Where all borrowers live, such as Asia/Shanghai; by default as the book has it."
        ),
    ] = "",
) -> None:
    """Make a sample book, close it, and run a desk on it, with a user of each role.

    Prints the URL and how each role signs in; the passwords are made anew each time. Ctrl-C stops it.
    """
    from forbear.desk.server.serving import serve

    lasts = seconds if seconds is not None else None if sys.stdin.isatty() else 0.0
    data = out / "desk"
    _emptied(data)
    people, doors = _filled(out, data, loans, datetime.now(UTC), zone)

    def say(url: str) -> None:
        _tell(url, people, doors, out)
        agent = next(one for one in people if one.username == "agent")
        answers.print(f"tried: {agent.username} signs in and sees {_tried(url, agent)} cases", markup=False)
        answers.file.flush()
        if lasts is not None:
            stop = threading.Timer(lasts, os.kill, (os.getpid(), signal.SIGTERM))
            stop.daemon = True
            stop.start()

    # An invented book on this machine alone: each role is tried without a phone at hand, unless told otherwise.
    os.environ.setdefault("FORBEAR_SECOND_FACTOR_ROLES", "")
    for kind in ("IDENTITY", "BUREAU", "MULTI_LENDER"):
        os.environ.setdefault(f"FORBEAR_PROVIDER_{kind}", "sandbox")
    os.environ.setdefault("FORBEAR_PAY_PROVIDERS", "sandbox")
    os.environ.setdefault("FORBEAR_LENDER_NAME", "示例贷款 Sample Lending")
    os.environ.setdefault("FORBEAR_LENDER_PHONE", "95000")
    _letters(data)
    serve(data, "127.0.0.1", port, workers=2, threads=8, say=say)
    answers.print("the desk has stopped", markup=False)


def _letters(data: Path) -> None:
    """An invented lender's address and a self-signed key, so that letters can be written."""
    from forbear.recovery.letters import make_key

    invented = {
        "LENDER_ADDRESS": "上海市浦东新区示例路1号 1 Sample Road, Shanghai",
        "LENDER_PAY_TO": "示例银行 Sample Bank 6222 0000 0000 0000",
        "LENDER_KIND": "consumer_finance",
        "LAW_FIRM": "示例律师事务所 Sample & Partners",
        "LAW_FIRM_ADDRESS": "上海市静安区样例大道88号 88 Example Avenue, Shanghai",
        "MEDIATION": "示例金融纠纷调解中心，电话12000，不收费",
    }
    for name, value in invented.items():
        os.environ.setdefault(f"FORBEAR_{name}", value)
    if "FORBEAR_SIGNING_KEY" not in os.environ:
        file = data / "signing-demo.p12"
        file.write_bytes(make_key("示例贷款 Sample Lending", "demo", datetime.now(UTC)))
        file.chmod(0o600)
        os.environ |= {"FORBEAR_SIGNING_KEY": str(file.resolve()), "FORBEAR_SIGNING_PASSPHRASE": "demo"}


def _emptied(data: Path) -> None:
    """Remove what an earlier demo made, unless it still runs or somebody else made the folder."""
    from forbear.desk.server.binaries import reachable
    from forbear.desk.server.keeping import DataFolder

    if data.exists() and any(data.iterdir()) and not (data / MARK).exists():
        raise ForbearError(f"{data} holds a desk that no demo made", "name another folder with --out")
    with DataFolder(data):
        shutil.rmtree(reachable(data / "postgres"), ignore_errors=True)
        shutil.rmtree(data)
    data.mkdir(parents=True)
    (data / MARK).touch()


def _filled(out: Path, data: Path, loans: int, at: datetime, zone: str = "") -> tuple[list[SignIn], list[Door]]:
    """The sample book, closed and brought into a desk that does not serve yet: who signs in, and borrowers' doors."""
    from forbear.book.sample import make_sample
    from forbear.desk.server.access import desk_at
    from forbear.night import close

    steps = Steps(quiet=False)
    with steps.step("making a sample book"):
        make_sample(out / "book", loans=loans, as_of=at.date(), force=False)
    close(out / "book", as_of=at.date(), out=out / "close", today=at.date(), watch=steps.step, strategy="sample")
    before = dict(os.environ)
    try:
        with desk_at(data):
            from forbear.desk.imports.importing import import_book
            from forbear.desk.imports.worklist import load_worklist
            from forbear.desk.portal.sampling import doors
            from forbear.desk.sampling import furnish

            import_book(out / "book", actor="forbear demo", at=at, watch=steps.step)
            with steps.step("loading the worklist"):
                load_worklist(out / "close", actor="forbear demo", at=at)
            with steps.step("users and a month of work"):
                return furnish(at, zone=zone), doors(at)
    finally:
        os.environ.clear()
        os.environ.update(before)  # the desk that serves starts a database of its own


def _tell(url: str, people: list[SignIn], doors: list[Door], out: Path) -> None:
    answers.print(f"the report is {out / 'close' / 'report.html'}", markup=False)
    answers.print(f"the desk is at {url}", markup=False)
    for one in people:
        answers.print(f"  {one.role:14} {one.username:12} {one.password}", markup=False)
    for door in doors:
        where = f"{url}{door.path}"
        asked = ", ".join(f"{name} {value}" for name, value in door.answers.items())
        answers.print(
            f"a borrower's own page: {where} asks {asked}",
            markup=False,
            soft_wrap=True,
        )
    answers.print("Ctrl-C stops it", markup=False)


def _tried(url: str, who: SignIn) -> int:
    """Sign in as a browser would and count the cases on the first page of the worklist.

    Raises:
        ForbearError: the desk does not answer as it should.
    """
    browser = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
    with browser.open(f"{url}/accounts/login/", timeout=60) as page:
        token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.read().decode())
    form = {"login": who.username, "password": who.password, "csrfmiddlewaretoken": token[1] if token else ""}
    request = urllib.request.Request(  # noqa: S310 - our own address
        f"{url}/accounts/login/?next=/worklist", urllib.parse.urlencode(form).encode(), {"Referer": url}
    )
    with browser.open(request, timeout=60) as page:
        cases = len(re.findall(r'href="/borrowers/', page.read().decode()))
    if not cases:
        raise ForbearError("the desk answers, but its worklist is empty", "see its log above")
    return cases
