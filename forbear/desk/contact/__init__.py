"""Contact: what is planned to be said to a borrower, and how it leaves once, at a lawful time, or not at all.

plan(...)      puts a contact into the outbox           (`planning`)
cancel(...)    takes a borrower's planned contacts out   (`planning`)
dispatch       claims, asks the gate, reserves, sends    (`dispatching`)
receipts       what the providers tell afterwards        (`receipts`)
switches       pause, drain, stop everything, resume     (`switches`)

The words come from a renderer that is named in the settings (`words`), what borrowers write back goes to another
(`inbound`). How to add a channel or a provider: docs/contact.md.
"""
