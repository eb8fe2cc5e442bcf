"""What each role finds on its home page and in the navigation: doors to the pages it works with.

An app adds its pages here, one line each, in the order in which a day's work needs them.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from forbear.desk.people.rights import actions


@dataclass(frozen=True)
class Door:
    """A page that someone may open.

    Args:
        to: the name of its address, such as `pages:worklist`.
        title: what it is called in the navigation.
        about: one sentence on what one does there.
        roles: whose page it is.
        key: the key that leads there; a page without one stands on the home page alone.
    """

    to: str
    title: str | Promise
    about: str | Promise
    roles: frozenset[str]
    key: str = ""


EVERYONE = frozenset(
    ["administrator", "manager", "agent", "compliance", "risk", "agency", "funder", "borrower", "service"],
)

DOORS: tuple[Door, ...] = (
    Door("pages:worklist", _("Worklist"), _("Cases, the most urgent first."), actions()["worklist.see"].roles, "w"),
    Door(
        "pages:portfolio",
        _("Portfolio"),
        _("The night's report over the whole book, night by night."),
        actions()["portfolio.see"].roles,
        "p",
    ),
    Door(
        "funding:overview",
        _("Funding"),
        _("Covenants with head-room, cash to expect, expected loss, every figure beside the ledger's."),
        actions()["funding.see"].roles,
        "f",
    ),
    Door(
        "pages:board",
        _("Board"),
        _("Contacts, promises, cures and complaints, by agent and by strategy."),
        actions()["board.see"].roles,
        "b",
    ),
    Door(
        "strategies:held",
        _("Strategies"),
        _("What the night decides by: in force, proposed, replayed on past nights, and what it did last night."),
        actions()["strategies.see"].roles - {"service"},
        "s",
    ),
    Door(
        "experiments:list",
        _("Experiments"),
        _("Strategies tried side by side on borrowers, watched daily, stopped by a guard on complaints."),
        actions()["strategies.see"].roles - {"service"},
    ),
    Door(
        "pages:payments",
        _("Payments"),
        _("Find a payment, see what it paid, book one, take bank files in, match what came without a label."),
        actions()["payments.see"].roles - {"service"},
        "y",
    ),
    Door(
        "pages:approvals",
        _("Approvals"),
        _("What another has proposed and you may approve, with what it would do to the cent."),
        actions()["approvals.see"].roles,
        "o",
    ),
    Door(
        "applications:list",
        _("Applications"),
        _("Loans that people ask for: checked, decided with reasons, contested, paid out."),
        actions()["applications.see"].roles - {"service"},
        "l",
    ),
    Door(
        "plans:list",
        _("Plans"),
        _("Plans of relief: those that wait for proof, agreement or a grant, those in force, those that ended."),
        actions()["plans.see"].roles - {"service"},
        "z",
    ),
    Door(
        "pages:rules",
        _("Rules"),
        _("What the gate enforces, and where it is written."),
        actions()["rules.see"].roles,
        "g",
    ),
    Door(
        "pages:vouched",
        _("Vouched for"),
        _("What the lender's systems make sure of on each channel; without it the channel is shut."),
        actions()["rules.vouch"].roles,
        "v",
    ),
    Door(
        "lists:exports",
        _("Exports"),
        _("Any list as a file: CSV or Parquet."),
        actions()["lists.export"].roles,
        "d",
    ),
    Door(
        "pages:channels",
        _("Channels"),
        _("Which channels are open, what waits, what was put off and why; stop everything."),
        actions()["contact.see"].roles,
        "c",
    ),
    Door(
        "replies:inbox",
        _("Inbox"),
        _("What borrowers wrote that waits for a person, and what is to be done about it."),
        actions()["replies.read"].roles,
        "i",
    ),
    Door(
        "complaints:list",
        _("Complaints"),
        _("Complaints and disputes, the next to be answered first."),
        actions()["complaints.see"].roles,
        "q",
    ),
    Door(
        "letters:list",
        _("Letters"),
        _("The archive of letters: written, signed, sent, with the gate's verdict."),
        actions()["letters.see"].roles,
        "m",
    ),
    Door(
        "litigation:board",
        _("Litigation"),
        _("Suits with their stages and next dates; mediation first."),
        actions()["litigation.see"].roles,
        "x",
    ),
    Door(
        "bureau:home",
        _("Bureau records"),
        _(
            "What credit bureaus are told and hold: monthly runs, differences, disputes by their clocks, corrections."
        ),
        actions()["bureau.see"].roles,
        "r",
    ),
    Door(
        "placements:home",
        _("Agencies"),
        _("Cases placed with agencies: what they may see, did and brought; contacts back, commission, recall."),
        actions()["placements.see"].roles,
        "e",
    ),
    Door(
        "wording:list",
        _("Templates"),
        _("What messages and call scripts say; write, compare, approve."),
        actions()["templates.see"].roles,
        "t",
    ),
    Door("pages:audit", _("Audit"), _("Who did what to what, and when."), actions()["audit.see"].roles, "a"),
    Door(
        "pages:users",
        _("Users"),
        _("Make users, switch them off and on, hand out first passwords."),
        actions()["users.manage"].roles,
        "u",
    ),
    Door(
        "outbound:webhooks",
        _("Webhooks"),
        _("Systems that are told what happens here, and what of it has reached them."),
        actions()["webhooks.manage"].roles,
        "j",
    ),
    Door("account_change_password", _("Password"), _("Change your password."), EVERYONE),
    Door("mfa_index", _("Second factor"), _("Add an authenticator app or a security key."), EVERYONE),
)


def doors_of_user(request: HttpRequest) -> dict[str, list[Door]]:
    """For every page: the doors of whoever is signed in, for the navigation."""
    user = request.user
    return {"doors_of_user": [door for door in home_of(user.role) if door.key] if user.is_authenticated else []}


def home_of(role: str) -> list[Door]:
    """The doors of a role, in the order of the day."""
    return [door for door in DOORS if role in door.roles]
