"""The page on rights, made from `rights.toml`: `python -m forbear.desk.people.listing docs/rights.md`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

HEAD = """# Who may do what

Made from `forbear/desk/people/rights.toml` by `python -m forbear.desk.people.listing docs/rights.md`; a test holds both
equal. Which rows a role sees is told in [privacy](privacy.md#who-sees-what). A service does what its token is for, and
never more than stands here. Actions marked with * are given by two people.

"""


def page() -> str:
    """The page as it should be."""
    from forbear.desk.people.rights import actions
    from forbear.desk.people.roles import Role

    roles = list(map(str, Role.values))
    rows = [["action", "what", *roles], ["---"] * (2 + len(roles))]
    for action in actions().values():
        marks = ["x" if role in action.roles else "" for role in roles]
        rows.append([f"`{action.name}`{'*' if action.two_people else ''}", action.about, *marks])
    return HEAD + "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forbear.desk.settings")
    os.environ.setdefault("FORBEAR_SECRET_KEY", "of no desk")
    os.environ.setdefault("DATABASE_URL", "dbname=none")
    import django

    django.setup()
    Path(sys.argv[1]).write_text(page(), "utf-8")
