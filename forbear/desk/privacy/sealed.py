"""A model field for free text about a borrower: written and read as text, kept sealed under her key.

    text = SealedText()

The model must have `borrower`; where that may be null, `SealedText(unowned="receipts")` names the purpose of the key
for what belongs to no borrower yet. `note.text` opens lazily; rows fetched by `values()` hold `Sealed`, which opens
with `.open()`. It can be neither searched nor set by `update()`: there is no row to take the borrower from.
`opened_texts` opens those of many rows with one query for their keys.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Any

from django.apps import apps
from django.db import models
from django.utils.translation import gettext

from forbear.basics.errors import WrongUse


def erased() -> str:
    """What stands where a text was erased."""
    return gettext("(erased)")


class Sealed(bytes):
    """A sealed value as it stands in the database, with what it is for."""

    purpose: str

    def __new__(cls, value: bytes, purpose: str) -> Sealed:
        """Keep the purpose beside the bytes."""
        made = super().__new__(cls, value)
        made.purpose = purpose
        return made

    def open(self) -> str:
        """The text, or the word for what was erased.

        Raises:
            Unreadable: it was changed or moved.
        """
        from forbear.desk.privacy.keys import Erased, open_sealed

        try:
            return open_sealed(bytes(self), self.purpose)
        except Erased:
            return erased()


class _Opened:
    """The attribute: gives text, takes text, keeps what came from the database sealed until it is read."""

    def __init__(self, field: SealedText) -> None:
        self.field = field

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        if instance is None:
            return self
        if self.field.attname not in instance.__dict__:
            instance.refresh_from_db(fields=[self.field.attname])
        held = instance.__dict__[self.field.attname]
        return held.open() if isinstance(held, Sealed) else held

    def __set__(self, instance: Any, value: Any) -> None:
        instance.__dict__[self.field.attname] = value


class SealedText(models.BinaryField):
    """Text that is kept sealed under the key of the row's borrower, or, while it has none, of a purpose."""

    def __init__(self, *args: Any, unowned: str = "", **kwargs: Any) -> None:
        self.unowned = unowned
        kwargs.setdefault("editable", True)
        kwargs.setdefault("default", b"")
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """For migrations."""
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, **({"unowned": self.unowned} if self.unowned else {})}

    @property
    def purpose(self) -> str:
        """What its values are authenticated for."""
        return f"{self.model._meta.db_table}.{self.column}"

    def get_default(self) -> str:
        """No text."""
        return ""

    def contribute_to_class(self, cls: Any, name: str, private_only: bool = False) -> None:
        """Put the opening attribute on the model."""
        super().contribute_to_class(cls, name, private_only)
        setattr(cls, self.attname, _Opened(self))

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> Sealed | None:
        """Keep it sealed until it is read."""
        return None if value is None else Sealed(bytes(value), self.purpose)

    def pre_save(self, instance: Any, add: bool) -> bytes:
        """Seal the text under the borrower's key; what was never opened goes back as it came."""
        held = instance.__dict__.get(self.attname) or ""
        if isinstance(held, Sealed):
            return bytes(held)
        from forbear.desk.privacy.keys import current

        if not held:
            return b""
        key = current("borrower", instance.borrower_id) if instance.borrower_id else current(self.unowned)
        return key.seal(held, self.purpose)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        """Take sealed bytes alone.

        Raises:
            WrongUse: plain text came by a way that knows no borrower (a filter, an `update()`).
        """
        if isinstance(value, str):
            if value:
                raise WrongUse(
                    f"{self.purpose} is sealed: it is neither searched nor updated in place",
                    "set it and save()",
                )
            value = b""
        return super().get_db_prep_value(value, connection, prepared)

    def to_python(self, value: Any) -> Any:
        """Text is text, not base64 as Django takes it for binary fields."""
        return value

    def value_to_string(self, obj: Any) -> str:
        """For serializers: the sealed bytes."""
        return b64encode(obj.__dict__.get(self.attname) or b"").decode()


def sealed_fields() -> Iterator[tuple[type[models.Model], SealedText]]:
    """Every sealed field of every model: what a re-encryption walks through."""
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, SealedText):
                yield model, field


def opened_texts(rows: Iterable[Any], name: str = "text") -> list[str]:
    """The texts of many rows of one model; their keys come in one query."""
    from forbear.desk.privacy.keys import key_id_of, opened

    listed = list(rows)
    held = [row.__dict__.get(name) for row in listed]
    opened(key_id_of(one) for one in held if isinstance(one, Sealed) and one)
    return [getattr(row, name) for row in listed]
