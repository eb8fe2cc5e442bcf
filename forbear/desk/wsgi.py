"""The desk as a WSGI application, for any server that speaks it."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "forbear.desk.settings")
_django = get_wsgi_application()

from forbear.desk.money.quick import quick  # noqa: E402 - it reads the settings

application = quick(_django)
