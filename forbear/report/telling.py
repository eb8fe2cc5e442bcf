"""One portfolio in one language: what the sections ask for, from currency to the meaning of a figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forbear.report.figures import compact, count, money, rate
from forbear.report.model import Column, Rows, Term
from forbear.report.texts import Texts


@dataclass(frozen=True, eq=False)
class Telling:
    """A portfolio with the words it is told in; called with a key it gives the text (`Texts`)."""

    portfolio: Mapping[str, Any]
    say: Texts

    def __call__(self, key: str, **values: object) -> str:
        """The text at `key`, with `{name}` places filled."""
        return self.say(key, **values)

    def rows(self, key: str) -> Rows:
        """A list of the portfolio; empty when it has none."""
        found: Rows = self.portfolio.get(key) or ()
        return found

    def part(self, key: str) -> Mapping[str, Any]:
        """An object of the portfolio; empty when it has none."""
        found: Mapping[str, Any] = self.portfolio.get(key) or {}
        return found

    def amount(self, value: object) -> str:
        """A large amount in few characters, with the currency's sign."""
        return compact(value, self.portfolio.get("currency", ""), self.say.language)

    def in_currency(self, name: str) -> str:
        """A column's name with the currency behind it."""
        return self("money_in", name=name, currency=self.portfolio.get("currency", ""))

    def own(self, texts: object) -> str:
        """The text of this language where the portfolio gives several, such as a title."""
        return str(texts.get(self.say.language, "")) if isinstance(texts, Mapping) else str(texts)

    def meaning(self, key: str) -> str:
        """What a figure means: as the night defines it, else as the report's own words do."""
        told = self.part("definitions").get(key)
        return self.own(told) if told else str(self.say.entries["meanings"].get(key, ""))

    def terms(self, *keys: str) -> tuple[Term, ...]:
        """Names and meanings of some figures; those without a meaning are left out."""
        found = ((self.say.word("term", key), self.meaning(key)) for key in keys)
        return tuple(Term(name, without_name(name, meaning)) for name, meaning in found if meaning)

    def counts(self, name: str, key: str) -> Column:
        """A column of whole numbers."""
        return Column(name, lambda row: count(row.get(key)))

    def moneys(self, name: str, key: str) -> Column:
        """A column of amounts, the currency in its head."""
        return Column(self.in_currency(name), lambda row: money(row.get(key)))

    def rates(self, name: str, key: str, digits: int = 2) -> Column:
        """A column of rates."""
        return Column(name, lambda row: rate(row.get(key), digits))

    def standing(self) -> tuple[Column, ...]:
        """Loans and principal with their shares, as many tables have them."""
        return (
            self.counts(self("loans"), "loans"),
            self.rates(self("share_of_loans"), "share_loans"),
            self.moneys(self("principal"), "principal"),
            self.rates(self("share_of_money"), "share_principal"),
        )


def named(name: str, key: str) -> Column:
    """A column that shows a value as it stands."""
    return Column(name, lambda row: str(row.get(key)))


def without_name(name: str, meaning: str) -> str:
    """A meaning without the term at its beginning (`Roll rate: of the loans`), where the term stands above it."""
    said, colon, rest = meaning.replace("：", ": ", 1).partition(": ")
    if not colon or not (said.lower() in name.lower() or name.lower() in said.lower()):
        return meaning
    return rest[:1].upper() + rest[1:]
