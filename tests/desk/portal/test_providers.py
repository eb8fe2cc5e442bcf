"""WeChat Pay, Alipay and Stripe at the wire: their own libraries, loopback servers, real keys and signatures."""

from __future__ import annotations

import base64
import json
import os
import threading
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest
from alipay.aop.api.util import WebUtils
from alipay.aop.api.util.SignatureUtils import get_sign_content, sign_with_rsa2, verify_with_rsa
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from stripe import WebhookSignature

from forbear.basics.errors import WrongUse
from forbear.desk.portal.pay import registry
from forbear.desk.portal.pay.alipay import Alipay
from forbear.desk.portal.pay.base import NotGenuine, Order, Paid, Unreachable
from forbear.desk.portal.pay.stripe import Stripe
from forbear.desk.portal.pay.wechat import Wechat

OURS, THEIRS = generate_private_key(65537, 2048), generate_private_key(65537, 2048)
NOW = datetime.now(UTC).replace(microsecond=0)
APIV3, KEY_ID = "k" * 32, "PUB_KEY_ID_0110"
ORDER = Order(
    "7K2M4TQX9D3R", 123_45, "CNY", "示例贷款 7K2M", NOW + timedelta(minutes=45), "https://desk.example/my/pay/7K2M-4TQX-9D3R",
    "https://desk.example/paid/x", "203.0.113.9",
)  # fmt: skip


def private(key, form=PrivateFormat.PKCS8) -> str:
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def public(key) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def signed(key, text: str) -> str:
    return base64.b64encode(key.sign(text.encode(), padding.PKCS1v15(), SHA256())).decode()


@contextmanager
def far_end(answer):
    """A server on loopback that says what `answer(method, path, headers, body)` says: its address, what it heard."""
    seen = []

    class Handler(BaseHTTPRequestHandler):
        def _do(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            path = self.path[self.path.index("/", 8) :] if self.path.startswith("http") else self.path
            seen.append((self.command, path, dict(self.headers), body))
            status, headers, said = answer(*seen[-1])
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(said))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(said)

        do_GET = do_POST = _do  # noqa: N815

        def log_message(self, *_args) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", seen
    finally:
        server.shutdown()
        server.server_close()


# WeChat Pay ----------------------------------------------------------------------------------------------------------


def wechat(gateway: str = "http://127.0.0.1:9") -> Wechat:
    return Wechat("wx1", "1900000001", "5A1B", private(OURS), APIV3, public(THEIRS), KEY_ID, gateway)


def wechat_headers(body: bytes, key=THEIRS, at: float | None = None) -> dict[str, str]:
    stamp, nonce = str(int(at or time.time())), "nonce"
    return {
        "Content-Type": "application/json",
        "Wechatpay-Timestamp": stamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": KEY_ID,
        "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        "Wechatpay-Signature": signed(key, f"{stamp}\n{nonce}\n{body.decode()}\n"),
    }


def by_wechat(status: int, told: dict, key=THEIRS):
    body = json.dumps(told).encode()
    return lambda *_: (status, wechat_headers(body, key), body)


TRANSACTION = {
    "appid": "wx1", "mchid": "1900000001", "out_trade_no": ORDER.number, "transaction_id": "4200001",
    "trade_state": "SUCCESS", "success_time": NOW.isoformat(), "amount": {"total": 12345, "currency": "CNY"},
}  # fmt: skip
PAID = Paid("4200001", ORDER.number, 123_45, "CNY", NOW)


def wechat_notice(resource: dict, event: str = "TRANSACTION.SUCCESS") -> bytes:
    nonce = os.urandom(6).hex()
    sealed = AESGCM(APIV3.encode()).encrypt(nonce.encode(), json.dumps(resource).encode(), b"transaction")
    return json.dumps(
        {
            "id": "EV-1", "event_type": event, "resource_type": "encrypt-resource",
            "resource": {
                "algorithm": "AEAD_AES_256_GCM", "nonce": nonce, "associated_data": "transaction",
                "ciphertext": base64.b64encode(sealed).decode(),
            },
        }
    ).encode()  # fmt: skip


def test_wechat_takes_an_order_that_we_sign():
    with far_end(by_wechat(200, {"h5_url": "https://wx.example/h5?prepay_id=1"})) as (url, seen):
        assert wechat(url).begin(ORDER).url == "https://wx.example/h5?prepay_id=1"
    method, path, headers, body = seen[0]
    assert (method, path) == ("POST", "/v3/pay/transactions/h5")
    asked = json.loads(body)
    assert asked["out_trade_no"] == ORDER.number
    assert asked["amount"] == {"total": 12345, "currency": "CNY"}
    assert asked["scene_info"]["payer_client_ip"] == "203.0.113.9"
    given = dict(part.split("=", 1) for part in headers["Authorization"].split(" ", 1)[1].split(","))
    given = {name: value.strip('"') for name, value in given.items()}
    text = f"POST\n{path}\n{given['timestamp']}\n{given['nonce_str']}\n{body.decode()}\n"
    OURS.public_key().verify(base64.b64decode(given["signature"]), text.encode(), padding.PKCS1v15(), SHA256())


def test_wechat_refusing_or_answering_under_another_key_is_no_order():
    for answer in (by_wechat(403, {"code": "NO_AUTH"}), by_wechat(200, {"h5_url": "https://evil"}, OURS)):
        with far_end(answer) as (url, _seen), pytest.raises(Unreachable):
            wechat(url).begin(ORDER)
    with pytest.raises(Unreachable):
        wechat().begin(ORDER)


def test_wechat_tells_of_a_payment_sealed_and_signed():
    body = wechat_notice(TRANSACTION)
    assert wechat().read(wechat_headers(body), body, datetime.now(UTC)) == PAID
    other = wechat_notice({**TRANSACTION, "trade_state": "CLOSED"}, "TRANSACTION.CLOSED")
    assert wechat().read(wechat_headers(other), other, datetime.now(UTC)) is None


def test_wechats_forged_old_or_foreign_notices_are_refused():
    body = wechat_notice(TRANSACTION)
    foreign = wechat_notice({**TRANSACTION, "mchid": "1900000002"})
    good = wechat_headers(body)
    old = time.time() - 301
    for headers, content in (
        ({}, body),
        (wechat_headers(body, OURS), body),
        (good, body.replace(b"EV-1", b"EV-2")),
        (wechat_headers(body, at=old), body),
        ({**good, "Wechatpay-Serial": "77"}, body),
        ({**good, "Wechatpay-Signature-Type": "MD5"}, body),
        ({**good, "Wechatpay-Signature": "%"}, body),
        (wechat_headers(foreign), foreign),
        (wechat_headers(b"{}"), b"{}"),
        (wechat_headers(b"\xe4\xbd\xa0"), b"\xe4\xbd\xa0"),
    ):
        with pytest.raises(NotGenuine):
            wechat().read(headers, content, datetime.now(UTC))


def test_wechat_is_asked_for_an_order():
    with far_end(by_wechat(200, TRANSACTION)) as (url, seen):
        assert wechat(url).ask(ORDER.number, "") == PAID
    assert seen[0][1] == f"/v3/pay/transactions/out-trade-no/{ORDER.number}?mchid=1900000001"
    with far_end(by_wechat(200, {**TRANSACTION, "trade_state": "NOTPAY"})) as (url, _seen):
        assert wechat(url).ask(ORDER.number, "") is None
    assert json.loads(wechat().answer(True).body)["code"] == "SUCCESS"
    assert wechat().answer(False).status == 500


# Alipay --------------------------------------------------------------------------------------------------------------

PKCS1 = PrivateFormat.TraditionalOpenSSL
THEIR_PEM = private(THEIRS, PKCS1)
WHEN = "2026-06-30 12:00:00"
PAID_ALIPAY = Paid("2026063022001", ORDER.number, 123_45, "CNY", datetime(2026, 6, 30, 4, tzinfo=UTC))
SOON = datetime(2026, 6, 30, 4, 5, tzinfo=UTC)


def alipay(gateway: str = "https://openapi.example/gateway.do", **more) -> Alipay:
    return Alipay("2021000001", private(OURS, PKCS1), public(THEIRS), gateway=gateway, **more)


def alipay_notice(key: str = THEIR_PEM, **more) -> bytes:
    told = {
        "app_id": "2021000001", "seller_id": "2088001", "notify_time": "2026-06-30 12:00:03", "notify_id": "n1",
        "out_trade_no": ORDER.number, "trade_no": "2026063022001", "trade_status": "TRADE_SUCCESS",
        "total_amount": "123.45", "gmt_payment": WHEN, "subject": "示例 & more=1", "body": "", **more,
    }  # fmt: skip
    return urlencode(
        {**told, "sign": sign_with_rsa2(key, get_sign_content(told), "utf-8"), "sign_type": "RSA2"}
    ).encode()


def test_alipays_page_is_an_address_that_we_sign():
    url = urlsplit(alipay().begin(ORDER).url)
    asked = dict(parse_qsl(url.query))
    sign = asked.pop("sign")
    assert verify_with_rsa(public(OURS), get_sign_content(asked).encode(), sign)
    told = json.loads(asked["biz_content"])
    assert told["total_amount"] == "123.45"
    assert told["out_trade_no"] == ORDER.number
    assert told["product_code"] == "QUICK_WAP_WAY"
    assert asked["method"] == "alipay.trade.wap.pay"
    assert asked["notify_url"] == ORDER.told
    assert url.netloc == "openapi.example"


def test_alipay_tells_of_a_payment_by_a_signed_form():
    assert alipay(seller_id="2088001").read({}, alipay_notice(), SOON) == PAID_ALIPAY
    assert alipay().read({}, alipay_notice(trade_status="WAIT_BUYER_PAY"), SOON) is None
    assert alipay().answer(True).body == "success"
    assert alipay().answer(False).body != "success"


def test_alipays_forged_old_or_foreign_notices_are_refused():
    good = alipay_notice()
    for body in (
        b"",
        b"\xff\xfe",
        b"sign=x&sign_type=RSA2",
        good.replace(b"123.45", b"1.00"),
        good + b"&extra=1",
        good.replace(b"RSA2", b"MD5"),
        alipay_notice(private(OURS, PKCS1)),
        alipay_notice(app_id="another"),
        alipay_notice(seller_id="another"),
        alipay_notice(notify_time="2026-06-01 12:00:00"),
        alipay_notice(total_amount="1.005"),
        alipay_notice(total_amount="NaN"),
        alipay_notice(gmt_payment=""),
    ):
        with pytest.raises(NotGenuine):
            alipay(seller_id="2088001").read({}, body, SOON)


def with_its_port(url, query, timeout):
    """The library goes to port 80 or 443 whatever the address says; the test's far end has another."""
    from http.client import HTTPConnection

    where = urlsplit(url)
    return f"{where.path}?{query}", HTTPConnection(where.hostname, where.port, timeout=timeout)


def by_alipay(told: dict, key: str = THEIR_PEM):
    content = json.dumps(told, separators=(",", ":"))
    sign = sign_with_rsa2(key, content, "utf-8")
    body = f'{{"alipay_trade_query_response":{content},"sign":"{sign}"}}'.encode()
    return lambda *_: (200, {"Content-Type": "text/html"}, body)


def test_alipay_is_asked_for_an_order(monkeypatch):
    monkeypatch.setattr(WebUtils, "get_http_connection", with_its_port)
    told = {
        "code": "10000", "msg": "Success", "trade_no": "2026063022001", "out_trade_no": ORDER.number,
        "trade_status": "TRADE_SUCCESS", "total_amount": "123.45", "send_pay_date": WHEN,
    }  # fmt: skip
    with far_end(by_alipay(told)) as (url, seen):
        assert alipay(f"{url}/gateway.do").ask(ORDER.number, "") == PAID_ALIPAY
    _method, path, _headers, body = seen[0]
    asked = {**dict(parse_qsl(urlsplit(path).query)), **dict(parse_qsl(body.decode()))}
    sign = asked.pop("sign")
    assert verify_with_rsa(public(OURS), get_sign_content(asked).encode(), sign)
    assert json.loads(asked["biz_content"]) == {"out_trade_no": ORDER.number}
    with far_end(by_alipay({"code": "40004", "sub_code": "ACQ.TRADE_NOT_EXIST"})) as (url, _):
        assert alipay(f"{url}/gateway.do").ask(ORDER.number, "") is None
    for answer in (by_alipay(told, private(OURS, PKCS1)), by_alipay({"code": "20000"}), lambda *_: (502, {}, b"")):
        with far_end(answer) as (url, _), pytest.raises(Unreachable):
            alipay(f"{url}/gateway.do").ask(ORDER.number, "")


# Stripe --------------------------------------------------------------------------------------------------------------

WHSEC = "whsec_of_the_tests_alone"
SESSION = {
    "id": "cs_test_1", "object": "checkout.session", "url": "https://checkout.example/c/1", "payment_status": "paid",
    "client_reference_id": ORDER.number, "payment_intent": "pi_1", "amount_total": 12345, "currency": "cny",
}  # fmt: skip


def stripe(gateway: str = "") -> Stripe:
    return Stripe("sk_test_1", WHSEC, gateway)


def by_stripe(status: int, told: dict):
    return lambda *_: (status, {"Content-Type": "application/json"}, json.dumps(told).encode())


def event(kind: str = "checkout.session.completed", **more) -> bytes:
    return json.dumps(
        {
            "id": "evt_1", "object": "event", "type": kind, "created": int(NOW.timestamp()),
            "data": {"object": {**SESSION, **more}},
        }
    ).encode()  # fmt: skip


def stripe_headers(body: bytes, secret: str = WHSEC, at: float | None = None) -> dict[str, str]:
    header = WebhookSignature.generate_signature_header(body.decode(), secret, int(at or time.time()))
    return {"Stripe-Signature": header}


def test_stripe_takes_an_order_under_its_idempotency_key():
    with far_end(by_stripe(200, SESSION)) as (url, seen):
        begun = stripe(url).begin(ORDER)
    assert (begun.url, begun.ref) == ("https://checkout.example/c/1", "cs_test_1")
    method, path, headers, body = seen[0]
    assert (method, path) == ("POST", "/v1/checkout/sessions")
    assert headers["Authorization"] == "Bearer sk_test_1"
    assert headers["Idempotency-Key"] == f"forbear-{ORDER.number}"
    asked = parse_qs(body.decode())
    assert asked["client_reference_id"] == [ORDER.number]
    assert asked["line_items[0][price_data][unit_amount]"] == ["12345"]
    assert asked["line_items[0][price_data][currency]"] == ["cny"]
    with far_end(by_stripe(402, {"error": {"code": "card_declined"}})) as (url, _), pytest.raises(Unreachable):
        stripe(url).begin(ORDER)


def test_stripe_tells_of_a_payment_by_a_signed_event():
    body = event()
    assert stripe().read(stripe_headers(body), body, datetime.now(UTC)) == Paid(
        "pi_1", ORDER.number, 123_45, "CNY", NOW
    )
    for other in (event("charge.refunded"), event(payment_status="unpaid")):
        assert stripe().read(stripe_headers(other), other, datetime.now(UTC)) is None
    assert stripe().answer(True).status == 200
    assert stripe().answer(False).status == 503


def test_stripes_forged_changed_or_old_events_are_refused():
    body = event()
    good = stripe_headers(body)
    for headers, content in (
        ({}, body),
        (stripe_headers(body, "whsec_another"), body),
        (good, body.replace(b"12345", b"99999")),
        (stripe_headers(body, at=time.time() - 301), body),
        ({"Stripe-Signature": "t=x,v1=y"}, body),
        (stripe_headers(b"[1]"), b"[1]"),
        (stripe_headers(b"{"), b"{"),
        ({"Stripe-Signature": good["Stripe-Signature"]}, b"\xff\xfe"),
    ):
        with pytest.raises(NotGenuine):
            stripe().read(headers, content, datetime.now(UTC))


def test_stripe_is_asked_for_a_session():
    with far_end(by_stripe(200, SESSION)) as (url, seen):
        paid = stripe(url).ask(ORDER.number, "cs_test_1")
    assert (paid.payment, paid.amount) == ("pi_1", 123_45)
    assert seen[0][1].startswith("/v1/checkout/sessions/cs_test_1")
    with far_end(by_stripe(200, {**SESSION, "payment_status": "unpaid"})) as (url, _):
        assert stripe(url).ask(ORDER.number, "cs_test_1") is None
    with far_end(by_stripe(500, {"error": {}})) as (url, _), pytest.raises(Unreachable):
        stripe(url).ask(ORDER.number, "cs_test_1")


# Settings ------------------------------------------------------------------------------------------------------------


def test_providers_are_read_from_a_file_with_their_keys_in_files_and_variables(settings, tmp_path, monkeypatch):
    (tmp_path / "ours.pem").write_text(private(OURS, PKCS1))
    (tmp_path / "theirs.pem").write_text(public(THEIRS))
    monkeypatch.setenv("STRIPE_KEY", "sk_test_1")
    (tmp_path / "pay.toml").write_text(
        f"""
[alipay]
app_id = "2021000001"
private_key_file = "{tmp_path}/ours.pem"
public_key_file = "{tmp_path}/theirs.pem"
[stripe]
api_key_env = "STRIPE_KEY"
webhook_secret = "{WHSEC}"
"""
    )
    settings.PAY_PROVIDERS = str(tmp_path / "pay.toml")
    registry.providers.cache_clear()
    try:
        assert [one.name for one in registry.offered("CNY")] == ["alipay", "stripe"]
        assert [one.name for one in registry.offered("USD")] == ["stripe"]
        assert (
            dict(parse_qsl(urlsplit(registry.providers()["alipay"].begin(ORDER).url).query))["app_id"]
            == "2021000001"
        )
    finally:
        registry.providers.cache_clear()


@pytest.mark.parametrize(
    ("name", "row", "words"),
    [
        ("paypal", {}, "is no provider"),
        ("stripe", {"api_key": "x"}, "webhook_secret missing"),
        ("stripe", {"api_key": "x", "webhook_secret": "y", "more": 1}, "more is no setting"),
        ("stripe", {"api_key_env": "NOT_SET_ANYWHERE", "webhook_secret": "y"}, "NOT_SET_ANYWHERE"),
        (
            "alipay",
            {"app_id": "1", "private_key_file": "/nowhere", "public_key": "x"},
            "private_key_file cannot be read",
        ),
        (
            "wechat",
            dict.fromkeys(
                ("appid", "mchid", "serial", "private_key", "apiv3_key", "public_key", "public_key_id"), "x"
            ),
            "a key cannot be read",
        ),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(name, row, words):
    with pytest.raises(WrongUse, match=words):
        registry.made(name, row, "pay.toml")
