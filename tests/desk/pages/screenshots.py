"""Take the screenshots of docs/desk.md anew: `make screenshots`, or python tests/desk/pages/screenshots.py [FOLDER]."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import portal_tour
from tour import PAGES, WIDTHS, addresses, browser_of, shot, sign_in

from forbear.testing.demo import running_demo

SHOTS = (
    ("agent", "/", "en", "wide", "home"),
    ("agent", "/worklist", "en", "wide", "worklist"),
    ("agent", "BORROWER", "en", "wide", "borrower"),
    ("agent", "BORROWER", "zh-hans", "phone", "borrower-phone"),
    ("agent", "PLANS", "en", "wide", "plan"),
    ("agent", "LETTERS", "zh-hans", "wide", "letters"),
    ("manager", "/portfolio", "zh-hans", "wide", "portfolio"),
    ("manager", "/board?period=30", "en", "wide", "board"),
    ("manager", "/payments", "zh-hans", "wide", "payments"),
    ("manager", "/payments/receipts", "en", "wide", "receipts"),
    ("manager", "RECEIPT", "zh-hans", "phone", "receipt-phone"),
    ("manager", "RECEIPT", "en", "wide", "receipt"),
    ("manager", "/payments/files", "en", "wide", "bank-files"),
    ("manager", "ACTS", "en", "wide", "acts"),
    ("manager", "SUIT", "zh-hans", "wide", "suit"),
    ("manager", "/placements/agency/QIMING", "en", "wide", "agency"),
    ("funder", "PACK/forecast", "en", "wide", "funding"),
    ("compliance", "APPROVAL", "zh-hans", "wide", "approval"),
    ("compliance", "/rules?act=call", "en", "wide", "rules"),
    ("compliance", "/rules/vouched", "zh-hans", "wide", "vouched"),
    ("compliance", "/audit", "en", "wide", "audit"),
    ("admin", "/users", "en", "wide", "users"),
)
"""Who, which of their pages (`tour.PAGES`), language, width, name of the file."""
OWN_PAGES = (("/my/", "en", "home"),)
"""Of a borrower's own pages on a phone: the address, language, name of the file."""


def main(folder: Path) -> None:
    """Write every screenshot into the folder, those of the desk into `desk`, of her own pages into `borrower`."""
    with running_demo(loans=2000) as demo, browser_of() as browser:
        for username, wanted, language, width, name in SHOTS:
            page = sign_in(browser, demo, username, language)
            address = addresses(page, demo, username)[PAGES[username].index(wanted)]
            page.set_viewport_size({"width": WIDTHS[width], "height": 900})
            page.goto(demo.url + address)
            page.wait_for_load_state("networkidle")
            shot(page, folder / "desk" / f"{name}.png")
            page.context.close()
        for door, (address, language, name) in zip(demo.doors, OWN_PAGES, strict=False):
            page = portal_tour.phone_of(browser, language)
            portal_tour.come_in(page, door)
            page.goto(demo.url + address)
            shot(page, folder / "borrower" / f"{name}.png")
            page.context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images"))
