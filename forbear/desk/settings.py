"""The desk's settings: from the environment, secure unless told otherwise.

| variable | meaning |
| --- | --- |
| DATABASE_URL | the PostgreSQL, as a URL or a libpq string; required |
| FORBEAR_SECRET_KEY | signs sessions and links; required, long and random |
| FORBEAR_PUBLIC_URL | where people reach the desk; decides host, cookies, HSTS (default https://localhost) |
| FORBEAR_BEHIND_PROXY | 1: a proxy in front ends TLS and sets X-Forwarded-Proto and -For |
| FORBEAR_MASTER_KEY_FILE | file of the master keys of personal data, newest first (docs/privacy.md) |
| FORBEAR_MASTER_KEYS | instead of the file: the keys themselves, separated by commas, newest first |
| FORBEAR_METRICS_TOKEN | whoever reads /metrics from elsewhere shows this as a bearer token |
| FORBEAR_SECOND_FACTOR_ROLES | roles that need a second factor (administrator,manager,compliance; empty: none) |
| FORBEAR_IDLE_MINUTES | a session that rests so long ends (60) |
| FORBEAR_OIDC_ISSUER | an OpenID Connect provider to sign in with; then also FORBEAR_OIDC_CLIENT_ID, |
| | FORBEAR_OIDC_CLIENT_SECRET, and FORBEAR_OIDC_NAME on the button |
| FORBEAR_API_PER_SECOND | requests a second that one caller of the API may make to one process (1000) |
| FORBEAR_DB_POOL | connections a process may hold (default 10; 0: a new one for each request) |
| FORBEAR_PACKS | rule packs that the gate enforces, by name or folder, with commas (default cn-lender) |
| FORBEAR_PROVIDER_..., FORBEAR_ASSESS_MODEL | who is asked about applicants (docs/assessment.md) |
| FORBEAR_WEBHOOK_NETWORKS | networks that webhooks may go to beside public addresses (docs/webhooks.md) |
| FORBEAR_PROVIDERS | a TOML file that names the providers of each channel (docs/contact.md); none: nothing leaves |
| FORBEAR_LENDER_NAME | who writes and calls, in every message; without it no template is sent |
| FORBEAR_LENDER_PHONE | the number that borrowers call, named in messages |
| FORBEAR_LENDER_FOR_WHOM | for whom, where that is another: "Qiming for Sample Lending" |
| FORBEAR_LENDER_ADDRESS, FORBEAR_LENDER_PAY_TO | the lender's address and how to pay, in letters |
| FORBEAR_LENDER_KIND | bank, consumer_finance, microloan, private ... : which cap binds a claim (docs/litigation.md) |
| FORBEAR_LAW_FIRM, FORBEAR_LAW_FIRM_ADDRESS, FORBEAR_MEDIATION | proposed where a letter before action is written |
| FORBEAR_SIGNING_KEY, FORBEAR_SIGNING_PASSPHRASE | PKCS#12 file that signs letters (docs/letters.md) |
| FORBEAR_BUREAU_NAME, _ADDRESS, _PHONE, _IDENTIFICATION, _PROGRAMS | who reports to bureaus (docs/bureau.md) |
| FORBEAR_BUREAU_ADAPTER | a bureau's own format, as package.module:Class; empty: the neutral one |
| FORBEAR_DIALER_URL | where calls are handed to the dialer (https); empty: agents dial by hand |
| FORBEAR_DIALER_SECRET | signs what is handed to the dialer |
| FORBEAR_PAY_PROVIDERS | a TOML file of payment providers for borrowers' own pages (docs/payment-providers.md), |
| | or `sandbox` on this machine alone; none: they cannot pay there |
| FORBEAR_LOG_LEVEL | default INFO |
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from forbear.desk.database import database
from forbear.desk.logs import log_settings
from forbear.desk.providers import oidc_provider, origin

DESK = Path(__file__).parent


def _needed(name: str) -> str:
    value = os.environ.get(name, "")
    if not value:
        raise ImproperlyConfigured(f"{name} is not set; `forbear serve` sets it, see docs/operations.md")
    return value


SECRET_KEY = _needed("FORBEAR_SECRET_KEY")
PUBLIC_URL = urlsplit(os.environ.get("FORBEAR_PUBLIC_URL") or "https://localhost")
BEHIND_PROXY = os.environ.get("FORBEAR_BEHIND_PROXY") == "1"
METRICS_TOKEN = os.environ.get("FORBEAR_METRICS_TOKEN", "")
DEBUG = False

DATABASES = {"default": database(_needed("DATABASE_URL"), int(os.environ.get("FORBEAR_DB_POOL", "10")))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    # In the database, so that every process counts failed sign-ins and rate limits together.
    "default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "desk_cache"}
}

INSTALLED_APPS = [
    "forbear.desk.people",
    "forbear.desk.audit",
    "forbear.desk.privacy",
    "forbear.desk.record",
    "forbear.desk.nights",
    "forbear.desk.strategies",
    "forbear.desk.experiments",
    "forbear.desk.ledger",
    "forbear.desk.money",
    "forbear.desk.imports",
    "forbear.desk.outbound",
    "forbear.desk.lists",
    "forbear.desk.contact",
    "forbear.desk.wording",
    "forbear.desk.replies",
    "forbear.desk.calls",
    "forbear.desk.complaints",
    "forbear.desk.letters",
    "forbear.desk.litigation",
    "forbear.desk.funding",
    "forbear.desk.applications",
    "forbear.desk.portal",
    "forbear.desk.plans",
    "forbear.desk.bureau",
    "forbear.desk.placements",
    "forbear.desk.api",
    "forbear.desk.pages",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
]

MIDDLEWARE = [
    "forbear.desk.probes.probed",
    "forbear.desk.middleware.observed",
    "forbear.desk.api.limits.limited",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "forbear.desk.middleware.content_security_policy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "forbear.desk.people.sessions.limited",
    "forbear.desk.people.sessions.second_factor",
    "forbear.desk.middleware.language_of_user",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]

ROOT_URLCONF = "forbear.desk.urls"
WSGI_APPLICATION = "forbear.desk.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "forbear.desk.pages.homes.doors_of_user",
                "forbear.desk.lists.views.export_right",
            ]
        },
    }
]

# People and sign-in ---------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "people.User"
AUTHENTICATION_BACKENDS = ["forbear.desk.people.backend.PeopleOnly"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS: list[dict[str, Any]] = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "pages:home"
ACCOUNT_ADAPTER = "forbear.desk.people.adapters.NoSignUp"
SOCIALACCOUNT_ADAPTER = "forbear.desk.people.adapters.KnownPeopleOnly"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_RATE_LIMITS = {"login_failed": "10/m/ip,5/5m/key"}
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_TOTP_ISSUER = "Forbear"
MFA_ADAPTER = "forbear.desk.people.adapters.SealedFactors"
SECOND_FACTOR_ROLES = frozenset(
    filter(None, os.environ.get("FORBEAR_SECOND_FACTOR_ROLES", "administrator,manager,compliance").split(","))
)
OIDC_ISSUER = os.environ.get("FORBEAR_OIDC_ISSUER", "").rstrip("/")
SOCIALACCOUNT_PROVIDERS = oidc_provider(OIDC_ISSUER, os.environ)
SOCIALACCOUNT_STORE_TOKENS = False

# The wire -------------------------------------------------------------------------------------------------------------
_TLS = PUBLIC_URL.scheme == "https"
ALLOWED_HOSTS = [PUBLIC_URL.hostname or "localhost"]
CSRF_TRUSTED_ORIGINS = [f"{PUBLIC_URL.scheme}://{PUBLIC_URL.netloc}"]
SESSION_ENGINE = "forbear.desk.people.session_store"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_IDLE_SECONDS = int(os.environ.get("FORBEAR_IDLE_MINUTES", "60")) * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = _TLS
SESSION_COOKIE_NAME = "__Host-session" if _TLS else "session"
CSRF_COOKIE_NAME = "__Host-csrf" if _TLS else "csrf"
SESSION_COOKIE_HTTPONLY = CSRF_COOKIE_HTTPONLY = LANGUAGE_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = LANGUAGE_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = 365 * 24 * 3600 if _TLS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = False  # the names beside ours are not ours
SECURE_SSL_REDIRECT = _TLS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
ALLAUTH_TRUSTED_PROXY_COUNT = 1 if BEHIND_PROXY else 0
X_FRAME_OPTIONS = "DENY"
API_PER_SECOND = float(os.environ.get("FORBEAR_API_PER_SECOND", "1000"))
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 2**20
CONTENT_SECURITY_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": " ".join(["'self'", *([origin(OIDC_ISSUER)] if OIDC_ISSUER else [])]),
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}

# The gate -------------------------------------------------------------------------------------------------------------
GATE_PACKS = tuple(name.strip() for name in os.environ.get("FORBEAR_PACKS", "cn-lender").split(",") if name.strip())

# Contact --------------------------------------------------------------------------------------------------------------
CONTACT_PROVIDERS = os.environ.get("FORBEAR_PROVIDERS", "")
# Where the dispatcher's words come from, where borrowers' answers go, and its one clock: functions by dotted name.
CONTACT_WORDS = os.environ.get("FORBEAR_CONTACT_WORDS", "forbear.desk.wording.rendering.render")
CONTACT_REPLIES = os.environ.get("FORBEAR_CONTACT_REPLIES", "forbear.desk.replies.taking.take")
CONTACT_CLOCK = os.environ.get("FORBEAR_CONTACT_CLOCK", "forbear.desk.contact.clock.database")

LENDER = {
    "name": os.environ.get("FORBEAR_LENDER_NAME", ""),
    "phone": os.environ.get("FORBEAR_LENDER_PHONE", ""),
    "for_whom": os.environ.get("FORBEAR_LENDER_FOR_WHOM", ""),
    "address": os.environ.get("FORBEAR_LENDER_ADDRESS", ""),
    "pay_to": os.environ.get("FORBEAR_LENDER_PAY_TO", ""),
    "kind": os.environ.get("FORBEAR_LENDER_KIND", ""),
    "law_firm": os.environ.get("FORBEAR_LAW_FIRM", ""),
    "law_firm_address": os.environ.get("FORBEAR_LAW_FIRM_ADDRESS", ""),
    "mediation": os.environ.get("FORBEAR_MEDIATION", ""),
}
SIGNING = {
    "key": os.environ.get("FORBEAR_SIGNING_KEY", ""),
    "passphrase": os.environ.get("FORBEAR_SIGNING_PASSPHRASE", ""),
}
BUREAU = {
    "name": os.environ.get("FORBEAR_BUREAU_NAME", "") or LENDER["name"],
    "address": os.environ.get("FORBEAR_BUREAU_ADDRESS", ""),
    "phone": os.environ.get("FORBEAR_BUREAU_PHONE", ""),
    "identification": os.environ.get("FORBEAR_BUREAU_IDENTIFICATION", ""),
    "programs": dict(
        one.split("=", 1) for one in os.environ.get("FORBEAR_BUREAU_PROGRAMS", "").split(",") if "=" in one
    ),
    "adapter": os.environ.get("FORBEAR_BUREAU_ADAPTER", ""),
}
PAY_PROVIDERS = os.environ.get("FORBEAR_PAY_PROVIDERS", "")
DIALER = {"url": os.environ.get("FORBEAR_DIALER_URL", ""), "secret": os.environ.get("FORBEAR_DIALER_SECRET", "")}

# Words ----------------------------------------------------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "中文"), ("en", "English")]
LOCALE_PATHS = [DESK / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

# Files ----------------------------------------------------------------------------------------------------------------
STATIC_URL = "/static/"
STATIC_ROOT = None
WHITENOISE_USE_FINDERS = True  # served from the package: nothing to collect, nothing to forget
WHITENOISE_MAX_AGE = 3600

LOGGING_CONFIG = "forbear.desk.logs.configure"
LOGGING = log_settings(os.environ.get("FORBEAR_LOG_LEVEL", "INFO"))

NINJA_PAGINATION_PER_PAGE = 100
