"""One worker as a process: `python -m forbear.desk.contact.worker`; ends by SIGTERM or SIGINT, or when told to drain.

It loads Django before anything of the desk's, so what it does stands in `working`.
"""

from __future__ import annotations

import os
import signal
import threading
from types import FrameType


def main() -> None:
    """Work until told to end."""
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    import django

    django.setup()
    from forbear.desk.contact.working import ASK_AGAIN_SECONDS, CARE_SECONDS, work

    # A test in compressed time looks after things more often.
    care = float(os.environ.get("FORBEAR_CONTACT_CARE", "") or CARE_SECONDS)
    ask_again = float(os.environ.get("FORBEAR_CONTACT_ASK_AGAIN", "") or ASK_AGAIN_SECONDS)
    work(stop.is_set, care=care, ask_again=ask_again)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forbear.desk.settings")
    main()
