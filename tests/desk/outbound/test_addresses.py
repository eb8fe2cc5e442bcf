"""Where a webhook may go: nowhere inside, by no spelling, by no second answer of a name server."""

from __future__ import annotations

import pytest

from forbear.basics.errors import WrongUse
from forbear.desk.outbound.addresses import Forbidden, allowed_networks, checked, target
from forbear.desk.outbound.sending import send

PUBLIC = "93.184.215.14"
INSIDE = [
    *(
        "127.0.0.1",
        "10.0.0.1",
        "172.16.3.4",
        "192.168.1.1",
        "169.254.169.254",
        "0.0.0.0",
        "100.64.0.1",
        "224.0.0.1",
    ),
    *("240.0.0.1", "255.255.255.255", "198.18.0.1", "::1", "::", "fe80::1", "fc00::1", "ff02::1"),
    *(
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "64:ff9b::7f00:1",
        "64:ff9b::a9fe:a9fe",
        "2002:7f00:1::",
        "fe80::1%eth0",
    ),
]


def resolving(*found: str):
    return lambda host, port: list(found)


@pytest.fixture(autouse=True)
def _no_networks(monkeypatch):
    monkeypatch.delenv("FORBEAR_WEBHOOK_NETWORKS", raising=False)


@pytest.mark.parametrize("address", INSIDE)
def test_an_inside_address_is_refused_by_name_and_by_number(address):
    with pytest.raises(Forbidden):
        target("https://hooks.example/x", resolving(address))
    with pytest.raises(Forbidden):
        target("https://hooks.example/x", resolving(PUBLIC, address))
    if "%" not in address:
        literal = f"[{address}]" if ":" in address else address
        with pytest.raises(Forbidden):
            checked(f"https://{literal}/x")


def test_a_public_address_is_taken_and_pinned():
    to = target("https://hooks.example:8443/a/b?c=d", resolving(PUBLIC))
    assert (to.address, to.host, to.port, to.path) == (PUBLIC, "hooks.example", 8443, "/a/b?c=d")
    assert target("https://hooks.example", resolving("2606:2800:21f:cb07:6820:80da:af6b:8b2c")).path == "/"


@pytest.mark.parametrize(
    "url",
    [
        "ftp://hooks.example/x",
        "file:///etc/passwd",
        "hooks.example/x",
        "https://",
        "https://user:secret@hooks.example/",
        "https://hooks.example/#part",
        "https://hooks.example:99999/",
        "https://hooks.example/a b",
        "https://hooks.example/\r\nX: y",
        "https://例子.example/",
        "https://[::1",
        "https://hooks.example/" + "x" * 2000,
    ],
)
def test_what_is_no_plain_https_url_is_refused(url):
    with pytest.raises(Forbidden):
        checked(url)


def test_http_is_for_allowed_networks_alone(monkeypatch):
    with pytest.raises(Forbidden, match="not https"):
        target("http://hooks.example/", resolving(PUBLIC))
    monkeypatch.setenv("FORBEAR_WEBHOOK_NETWORKS", "10.1.0.0/16, 127.0.0.1/32")
    assert target("http://hooks.example/", resolving("10.1.2.3")).address == "10.1.2.3"
    with pytest.raises(Forbidden):
        target("http://hooks.example/", resolving("10.2.2.3"))
    monkeypatch.setenv("FORBEAR_WEBHOOK_NETWORKS", "everything")
    with pytest.raises(WrongUse, match="FORBEAR_WEBHOOK_NETWORKS"):
        allowed_networks()


def test_a_name_is_resolved_once_and_the_connection_goes_there(receiver, monkeypatch):
    """A name that answers something else the second time is never asked a second time."""
    monkeypatch.setenv("FORBEAR_WEBHOOK_NETWORKS", "127.0.0.1/32")
    asked = []

    def once(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    url = receiver.url.replace("127.0.0.1", "rebinding.example")
    assert send(url, {"webhook-id": "x"}, b"{}", resolve=once).ok
    assert asked == ["rebinding.example"]
    assert receiver.got[0][0]["Host"].startswith("rebinding.example")


def test_an_inside_address_is_never_connected_to(receiver, monkeypatch):
    monkeypatch.setenv("FORBEAR_WEBHOOK_NETWORKS", "")
    said = send(receiver.url, {"webhook-id": "x"}, b"{}")
    assert not said.ok
    assert "public" in said.said
    assert receiver.got == []


def test_a_redirect_is_not_followed(receiver):
    receiver.answers = lambda nth, body: (307, {"Location": receiver.url})
    said = send(receiver.url, {"webhook-id": "x"}, b"{}")
    assert (said.status, said.ok, len(receiver.got)) == (307, False, 1)
