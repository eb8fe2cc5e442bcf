"""Walking through the desk in a browser: signing in, its pages for each role, taking screenshots."""

from __future__ import annotations

import io
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
WIDTHS = {"phone": 390, "tablet": 820, "wide": 1440}
LANGUAGES = ("en", "zh-hans")
PAGES = {
    "agent": (
        *("/", "/worklist", "BORROWER", "HISTORY", "/worklist?bucket=M7%2B&held=mine", "/applications/new"),
        *("/inbox", "COMPLAINTS", "/templates", "LETTERS", "/letters", "/plans", "PLANS"),
    ),
    "manager": (
        *("/", "/portfolio", "/board?period=30", "/payments", "LOAN"),
        *("/exports/", "/channels", "/templates/write?from=1", "/complaints", "/inbox"),
        *("/payments/receipts", "RECEIPT", "/payments/files", "/approvals", "ACTS"),
        *("/payments/receipts?state=matched", "/payments/receipts?state=returned", "/approvals?show=decided"),
        *("/applications", "/applications/13", "/applications/6", "/applications/policy"),
        "/applications?state=accepted&outcome=decline",
        *("/litigation", "LITIGATION", "SUIT"),
        *("/bureau", "/bureau/runs/2", "BUREAU"),
        *("/placements", "/placements/agency/QIMING", "/placements/agency/QIMING/statement"),
        *("/funding", "PACK/forecast", "PACK/pool", "PACK/reconciliation"),
        "/plans?show=running",
        *("/strategies", "/strategies/1", "/strategies/3", "/strategies/write", "/experiments", "/experiments/1"),
    ),
    "compliance": (
        "/",
        "/rules?act=call",
        "/rules/vouched",
        "/audit",
        "/audit?actor=nobody",
        "/rules?words=nothing+so",
        "APPROVAL",
        "/strategies",
        *("/templates", "/templates/of/late_1_7", "/templates/version/1", "/complaints"),
    ),
    "admin": ("/", "/users", "/webhooks/"),
    "risk": ("/", "/portfolio", "/rules?act=visit", "/applications/policy", "/applications/4"),
    "agency": ("/", "/worklist", "BORROWER", "/placements/agency/QIMING"),
    "funder": ("/", "/funding", "PACK/forecast"),
    "borrower": ("/", "/accounts/password/change/", "/accounts/2fa/"),
}
"""Every page, under one of the roles that open it; BORROWER and LOAN stand for one of the worklist."""


@contextmanager
def browser_of() -> Iterator:
    """A headless Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield running
        running.close()


def sign_in(browser, demo, username: str, language: str = "en", width: int = 1440):
    """A page of somebody who has just signed in by the form, in a language."""
    context = browser.new_context(viewport={"width": width, "height": 900}, locale="en-US")
    page = context.new_page()
    page.said = []
    page.on("console", lambda message: page.said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page.said.append(str(error)))
    page.goto(f"{demo.url}/accounts/login/")
    page.fill("#id_login", username)
    page.fill("#id_password", demo.passwords[username])
    page.keyboard.press("Enter")
    page.wait_for_selector("#first")
    speak(page, language)
    return page


def speak(page, language: str) -> None:
    """Switch the page to a language by its own button."""
    button = page.locator(f'.language button[value="{language}"]')
    if button.count():
        button.click()
        page.wait_for_selector(f'html[lang="{"zh-Hans" if language == "zh-hans" else "en"}"]')


def addresses(page, demo, username: str) -> list[str]:
    """The addresses that a role's tour visits; what stands for a borrower or a loan is the first of the worklist."""
    wanted = PAGES[username]
    first_of = {"RECEIPT": "/payments/receipts", "APPROVAL": "/approvals", "SUIT": "/litigation"}
    stands_for = {one: _last(page, demo, first_of[one]) for one in wanted if one in first_of}
    if {"BORROWER", "LOAN", "COMPLAINTS", "LETTERS", "LITIGATION", "BUREAU", "PLANS"} & set(wanted):
        stands_for |= _of_worklist(page, demo)
    if any(one.startswith("PACK") for one in wanted):
        page.goto(f"{demo.url}/funding")
        of_pack = page.locator('nav.contents a[href*="/forecast"]').first.get_attribute("href")
        stands_for |= {
            one: of_pack.rpartition("/")[0] + one.removeprefix("PACK") for one in wanted if "PACK" in one
        }
    return [stands_for.get(one, one) for one in wanted]


def _last(page, demo, address: str) -> str:
    """Where the last row of a list leads: of receipts, one with proposals."""
    page.goto(demo.url + address)
    return page.locator("tbody th a").last.get_attribute("href")


def _of_worklist(page, demo) -> dict[str, str]:
    """The first borrower of the worklist, and what is hers."""
    page.goto(f"{demo.url}/worklist")
    borrower = page.locator('a[href^="/borrowers/"]').first.get_attribute("href")
    page.goto(demo.url + borrower)
    loan = page.locator(".loan h3").first.evaluate("h => h.firstChild.textContent.trim()")
    act = "kind=re-amortize&term=12&annual_rate=8&reason=hardship&effective_on=2026-11-01"
    return {
        "BORROWER": borrower,
        "HISTORY": borrower.replace("/borrowers/", "/cases/of/"),
        "COMPLAINTS": borrower.replace("/borrowers/", "/complaints/of/"),
        "LETTERS": borrower.replace("/borrowers/", "/letters/of/"),
        "LITIGATION": borrower.replace("/borrowers/", "/litigation/of/"),
        "BUREAU": borrower.replace("/borrowers/", "/bureau/of/"),
        "PLANS": borrower.replace("/borrowers/", "/plans/of/"),
        "LOAN": f"/payments/of/{loan}",
        "ACTS": f"/acts/of/{loan}?{act}",
    }


def shot(page, file: Path, *, most: int = 150_000) -> None:
    """The page as a PNG of few colors, under `most` bytes."""
    from PIL import Image

    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    for colors in (128, 64, 32):
        made = io.BytesIO()
        image.quantize(colors, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
            made, "PNG", optimize=True
        )
        if made.tell() < most:
            break
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(made.getvalue())
