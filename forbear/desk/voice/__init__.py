"""A dialer that places spoken reminders by SIP: the far end of the channel kind `dialer`, as a program of its own.

It knows no loan, no borrower and no database: a number, a text and a language come in by signed HTTP, a result goes
out. Whether a call may be made is the desk's to ask; what is handed over here was cleared for this minute, so a call
starts at once or is refused. Where it stops: it does not listen, it does not tell a person from an answering machine.
"""
