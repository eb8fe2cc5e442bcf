"""The desk: the record of what is true about one borrower, in PostgreSQL, with the pages and the API over it.

A Django project. Each app is a folder with its own models, migrations, templates and tests; `server` alone knows
nothing of Django. The engine never imports the desk.
"""
