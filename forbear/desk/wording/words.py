"""What rendering gives to whoever sends, under the names of those who send."""

from forbear.desk.contact.words import NotSendable, NotWanted, Words

__all__ = ["NotSendable", "NotWanted", "Words"]
