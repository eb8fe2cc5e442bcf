"""Where a webhook may go: to public addresses alone, unless the desk's owner allows networks of her own.

A name is resolved once, every address it has is judged, and the connection is made to a judged address: a name that
answers differently the second time gains nothing. FORBEAR_WEBHOOK_NETWORKS lists the networks that are allowed beside
the public ones (`10.1.0.0/16,127.0.0.1/32`); plain http is for those networks alone.
"""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

from forbear.basics.errors import WrongUse

NETWORKS = "FORBEAR_WEBHOOK_NETWORKS"
LONGEST = 2000
NAT64 = ip_network("64:ff9b::/96")

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], list[str]]


class Forbidden(WrongUse):
    """The address is none that a webhook may go to."""


@dataclass(frozen=True)
class Target:
    """A webhook's URL with the address that it stands for now."""

    scheme: str
    host: str
    port: int
    path: str
    address: str


def allowed_networks() -> tuple[Network, ...]:
    """The networks that are allowed beside the public ones.

    Raises:
        WrongUse: FORBEAR_WEBHOOK_NETWORKS cannot be read.
    """
    given = [part.strip() for part in os.environ.get(NETWORKS, "").split(",") if part.strip()]
    try:
        return tuple(ip_network(part) for part in given)
    except ValueError as wrong:
        raise WrongUse(f"{NETWORKS} cannot be read: {wrong}", "networks by commas, such as 10.1.0.0/16") from None


def resolved(host: str, port: int) -> list[str]:
    """The addresses of a host, asked of the system."""
    return list({str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)})


def checked(url: str) -> str:
    """A webhook's URL as it may be kept; its name is not resolved yet.

    Raises:
        Forbidden: not https (or http), it carries a user or a fragment, or names an address that is not allowed.
    """
    parts = _parts(url)
    try:
        literal = ip_address(parts.host)
    except ValueError:
        return url
    _judge(literal, parts.scheme, allowed_networks())
    return url


def target(url: str, resolve: Resolve = resolved) -> Target:
    """Where a URL leads now.

    Raises:
        Forbidden: one of its addresses is not allowed; or as `checked`.
        OSError: the name does not resolve.
    """
    parts, networks = _parts(url), allowed_networks()
    found = sorted(resolve(parts.host, parts.port))
    if not found:
        raise OSError(f"{parts.host} has no address")
    for one in found:
        _judge(ip_address(one.partition("%")[0]), parts.scheme, networks)
    return Target(parts.scheme, parts.host, parts.port, parts.path, found[0])


def _parts(url: str) -> Target:
    hint = "give https://host/path; http is for the networks in FORBEAR_WEBHOOK_NETWORKS"
    try:
        split = urlsplit(url)
        port = split.port or (443 if split.scheme == "https" else 80)
    except ValueError:
        raise Forbidden("the URL cannot be read", hint) from None
    if len(url) > LONGEST or not url.isascii() or not url.isprintable() or " " in url:
        raise Forbidden("the URL has characters that no URL has, or too many", hint)
    if split.scheme not in ("https", "http") or not split.hostname:
        raise Forbidden("the URL is none of https", hint)
    if split.username is not None or split.password is not None or split.fragment:
        raise Forbidden("the URL carries a user, a password or a fragment", "messages are signed instead")
    path = (split.path or "/") + (f"?{split.query}" if split.query else "")
    return Target(split.scheme, split.hostname, port, path, "")


def _judge(address: Address, scheme: str, networks: tuple[Network, ...]) -> None:
    inner = _inner(address)
    own = any(inner in network for network in networks)
    if not own and (not inner.is_global or inner.is_multicast or inner.is_reserved or inner.is_unspecified):
        raise Forbidden(f"{address} is no public address", f"whoever runs the desk may allow it in {NETWORKS}")
    if scheme != "https" and not own:
        raise Forbidden("the URL is not https", "messages to public addresses are encrypted")


def _inner(address: Address) -> Address:
    """The IPv4 address inside an IPv6 one, where there is one: it is what the message would reach."""
    if isinstance(address, IPv4Address):
        return address
    if address in NAT64:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    if address.teredo:
        return address.teredo[1]
    return address.ipv4_mapped or address.sixtofour or address
