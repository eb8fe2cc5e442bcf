"""The identity provider's settings, from the environment; no provider: nothing but passwords."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured


def oidc_provider(issuer: str, env: Mapping[str, str]) -> dict[str, Any]:
    """Allauth's settings for one OpenID Connect provider; `{}` without an issuer.

    Raises:
        ImproperlyConfigured: an issuer without a client, or one that is not reached by TLS.
    """
    if not issuer:
        return {}
    client, secret = env.get("FORBEAR_OIDC_CLIENT_ID", ""), env.get("FORBEAR_OIDC_CLIENT_SECRET", "")
    if not client or not secret:
        raise ImproperlyConfigured(
            "FORBEAR_OIDC_ISSUER needs FORBEAR_OIDC_CLIENT_ID and FORBEAR_OIDC_CLIENT_SECRET"
        )
    parts = urlsplit(issuer)
    if parts.scheme != "https" and parts.hostname not in {"127.0.0.1", "localhost"}:
        raise ImproperlyConfigured(f"FORBEAR_OIDC_ISSUER is {issuer}: an identity provider is reached by https")
    app = {
        "provider_id": "oidc",
        "name": env.get("FORBEAR_OIDC_NAME") or parts.hostname,
        "client_id": client,
        "secret": secret,
        "settings": {"server_url": issuer, "oauth_pkce_enabled": True, "uid_field": "sub"},
    }
    return {"openid_connect": {"APPS": [app]}}


def origin(address: str) -> str:
    """Scheme, host and port of an address."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"
