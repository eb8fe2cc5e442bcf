"""Take the screenshots of docs/desk.md anew: `make screenshots`, or python tests/desk/pages/screenshots.py [FOLDER]."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from tour import WIDTHS, addresses, browser_of, shot, sign_in

from forbear.testing.demo import running_demo

SHOTS = (
    ("agent", 0, "en", "wide", "home"),
    ("funder", 2, "en", "wide", "funding"),
    ("agent", 1, "en", "wide", "worklist"),
    ("agent", 2, "en", "wide", "borrower"),
    ("agent", 2, "zh-hans", "phone", "borrower-phone"),
    ("manager", 1, "zh-hans", "wide", "portfolio"),
    ("manager", 2, "en", "wide", "board"),
    ("manager", 5, "en", "wide", "template"),
    ("manager", 6, "zh-hans", "wide", "complaints"),
    ("manager", 7, "en", "wide", "inbox"),
    ("manager", 4, "zh-hans", "wide", "payments"),
    ("manager", 5, "en", "wide", "receipts"),
    ("manager", 6, "zh-hans", "phone", "receipt-phone"),
    ("manager", 6, "en", "wide", "receipt"),
    ("manager", 7, "en", "wide", "bank-files"),
    ("manager", 9, "en", "wide", "acts"),
    ("compliance", 6, "zh-hans", "wide", "approval"),
    ("compliance", 1, "en", "wide", "rules"),
    ("compliance", 2, "zh-hans", "wide", "vouched"),
    ("compliance", 3, "en", "wide", "audit"),
    ("admin", 1, "en", "wide", "users"),
    ("manager", 13, "en", "wide", "applications"),
    ("manager", 14, "zh-hans", "wide", "application"),
)
"""Who, which page of theirs (`tour.PAGES`), language, width, name of the file."""


def main(folder: Path) -> None:
    """Write every screenshot into the folder."""
    with running_demo(loans=2000) as demo, browser_of() as browser:
        for username, number, language, width, name in SHOTS:
            page = sign_in(browser, demo, username, language)
            address = addresses(page, demo, username)[number]
            page.set_viewport_size({"width": WIDTHS[width], "height": 900})
            page.goto(demo.url + address)
            page.wait_for_load_state("networkidle")
            shot(page, folder / f"{name}.png")
            page.context.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "docs/images/desk"))
