"""WeChat Pay by `wechatpayv3`: H5 orders (a phone's browser outside WeChat), notices by the platform's public key.

The platform's public key and its id are needed (微信支付公钥), so that nothing is fetched while a notice is read.
WeChat refuses H5 orders inside its own browser; the page says so there. API v3: https://pay.weixin.qq.com/doc/v3
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from wechatpayv3 import WeChatPay, WeChatPayType

from forbear.desk.portal.pay.base import Answer, Begun, NotGenuine, Order, Paid, Unreachable

WINDOW = timedelta(minutes=5)
"""How far a notice's timestamp may lie from now, as WeChat advises."""
TIMEOUT = (5, 10)


class Wechat:
    """An account with WeChat Pay.

    Args:
        appid: 应用 ID.
        mchid: 商户号.
        serial: 商户 API 证书序列号.
        private_key: 商户 API 私钥, PEM.
        apiv3_key: APIv3 密钥, 32 signs.
        public_key: 微信支付公钥, PEM.
        public_key_id: 微信支付公钥 ID (PUB_KEY_ID_...).
        gateway: another address than WeChat's own, for a proxy or a test.
    """

    name = "wechat"
    title = "微信支付 WeChat Pay"
    currencies = frozenset(["CNY"])

    def __init__(
        self, appid: str, mchid: str, serial: str, private_key: str, apiv3_key: str, public_key: str,
        public_key_id: str, gateway: str = "",
    ) -> None:  # fmt: skip
        self.mchid, self.appid, self.key_id = mchid, appid, public_key_id
        self.client = WeChatPay(
            WeChatPayType.H5, mchid, private_key, serial, appid, apiv3_key, timeout=TIMEOUT,
            public_key=public_key, public_key_id=public_key_id,
        )  # fmt: skip
        if gateway:
            self.client._core._gate_way = gateway.rstrip("/")

    def begin(self, order: Order) -> Begun:
        """An H5 order; its page is `h5_url`, with the way back."""
        told = self._say(
            lambda: self.client.pay(
                description=order.about,
                out_trade_no=order.number,
                amount={"total": order.amount, "currency": order.currency},
                time_expire=order.ends_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S+00:00"),
                scene_info={"payer_client_ip": order.ip or "127.0.0.1", "h5_info": {"type": "Wap"}},
                notify_url=order.told,
            )
        )
        return Begun(str(told["h5_url"]))

    def read(self, headers: Mapping[str, str], body: bytes, at: datetime) -> Paid | None:
        """A notice (支付成功通知): signed by the platform, its resource sealed under the API v3 key."""
        stamp = headers.get("Wechatpay-Timestamp", "")
        if not stamp.isdecimal() or abs(int(stamp) - at.timestamp()) > WINDOW.total_seconds():
            raise NotGenuine("the notice of WeChat Pay is too old or has no time", "let it be sent again")
        if headers.get("Wechatpay-Serial") != self.key_id:
            raise NotGenuine("the notice of WeChat Pay is signed by another key", "set public_key_id")
        try:
            told = self.client.callback(dict(headers), body)
        except Exception as bad:  # the library raises whatever it meets
            raise NotGenuine(f"the notice of WeChat Pay cannot be read ({type(bad).__name__})") from None
        if not told:
            raise NotGenuine("the signature of WeChat Pay does not hold", "check public_key and apiv3_key")
        return self._paid(told["resource"]) if told.get("event_type") == "TRANSACTION.SUCCESS" else None

    def ask(self, number: str, ref: str) -> Paid | None:
        """The order by its number."""
        return self._paid(self._say(lambda: self.client.query(out_trade_no=number)))

    def answer(self, taken: bool) -> Answer:
        """As API v3 asks: anything but success is told again."""
        if taken:
            return Answer(200, json.dumps({"code": "SUCCESS"}), "application/json")
        return Answer(500, json.dumps({"code": "FAIL", "message": "say it again"}), "application/json")

    def _paid(self, told: Mapping[str, Any]) -> Paid | None:
        if told.get("trade_state") != "SUCCESS":
            return None
        if told.get("mchid") != self.mchid or told.get("appid") != self.appid:
            raise NotGenuine("WeChat Pay tells of another merchant's order", "check mchid and appid")
        amount = told["amount"]
        return Paid(
            str(told["transaction_id"]), str(told["out_trade_no"]), int(amount["total"]), str(amount["currency"]),
            datetime.fromisoformat(told["success_time"]).astimezone(UTC),
        )  # fmt: skip

    def _say(self, ask: Any) -> Mapping[str, Any]:
        try:
            status, text = ask()
            told = json.loads(text) if text else {}
        except Exception as bad:
            raise Unreachable(f"WeChat Pay did not answer ({type(bad).__name__})", "try again later") from None
        if status != 200:
            code = told.get("code", status) if isinstance(told, dict) else status
            raise Unreachable(f"WeChat Pay refused ({code})", "see its documentation for this code")
        return dict(told)
