"""The whole API against its own description, by schemathesis: no 5xx, no answer that the description does not name."""

from __future__ import annotations

import os
from datetime import UTC, datetime

import pytest
import schemathesis
from django.db import transaction
from hypothesis import HealthCheck, settings
from schemathesis.checks import load_all_checks

from forbear.desk.people.tokens import make_token
from forbear.desk.wsgi import application
from forbear.testing.lending import lend

load_all_checks()
EXAMPLES = int(os.environ.get("FORBEAR_EXAMPLES", "12"))
