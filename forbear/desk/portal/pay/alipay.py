"""Alipay by `alipay-sdk-python`: 手机网站支付 (alipay.trade.wap.pay), notices signed with RSA2.

The order is a signed address that the payer's browser opens; nothing is asked of Alipay before. https://opendocs.alipay.com
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from alipay.aop.api.AlipayClientConfig import AlipayClientConfig
from alipay.aop.api.DefaultAlipayClient import DefaultAlipayClient
from alipay.aop.api.request.AlipayTradeQueryRequest import AlipayTradeQueryRequest
from alipay.aop.api.request.AlipayTradeWapPayRequest import AlipayTradeWapPayRequest
from alipay.aop.api.util.SignatureUtils import get_sign_content, verify_with_rsa

from forbear.desk.portal.pay.base import Answer, Begun, NotGenuine, Order, Paid, Unreachable

GATEWAY = "https://openapi.alipay.com/gateway.do"
CHINA = ZoneInfo("Asia/Shanghai")
DONE = frozenset(["TRADE_SUCCESS", "TRADE_FINISHED"])
LONGEST_TOLD = timedelta(hours=49)
"""A notice is told again for about a day; one that claims to be much older is refused."""


class Alipay:
    """An account with Alipay.

    Args:
        app_id: 应用 ID.
        private_key: 应用私钥, PKCS#1, with or without its PEM lines.
        public_key: 支付宝公钥, with or without its PEM lines.
        seller_id: 商户 PID, compared in notices where it is given.
        gateway: another address than Alipay's own, for its sandbox or a test.
    """

    name = "alipay"
    title = "支付宝 Alipay"
    currencies = frozenset(["CNY"])

    def __init__(
        self, app_id: str, private_key: str, public_key: str, seller_id: str = "", gateway: str = GATEWAY
    ) -> None:
        made = AlipayClientConfig()
        made.server_url, made.app_id, made.sign_type = gateway, app_id, "RSA2"
        made.app_private_key, made.alipay_public_key, made.timeout = private_key, public_key, 10
        self.app_id, self.seller_id, self.public_key = app_id, seller_id, public_key
        self.client = DefaultAlipayClient(made)

    def begin(self, order: Order) -> Begun:
        """The signed address of the order."""
        request = AlipayTradeWapPayRequest()
        request.notify_url, request.return_url = order.told, order.back
        request.biz_content = {
            "out_trade_no": order.number,
            "total_amount": str(Decimal(order.amount).scaleb(-2)),
            "subject": order.about,
            "product_code": "QUICK_WAP_WAY",
            "time_expire": order.ends_at.astimezone(CHINA).strftime("%Y-%m-%d %H:%M:%S"),
            "quit_url": order.back,
        }
        try:
            return Begun(str(self.client.page_execute(request, http_method="GET")))
        except Exception as bad:
            raise Unreachable(
                f"Alipay's order cannot be signed ({type(bad).__name__})", "check private_key"
            ) from None

    def read(self, headers: Mapping[str, str], body: bytes, at: datetime) -> Paid | None:
        """A notice (异步通知): a form whose sorted fields are signed."""
        try:
            told = dict(parse_qsl(body.decode(), keep_blank_values=True, strict_parsing=True))
            sign, kind = told.pop("sign"), told.pop("sign_type")
            right = kind == "RSA2" and verify_with_rsa(self.public_key, get_sign_content(told).encode(), sign)
        except Exception as bad:  # a form that cannot be read, a signature that does not hold: the library raises
            raise NotGenuine(
                f"the notice of Alipay does not hold ({type(bad).__name__})", "check public_key"
            ) from None
        if not right or told.get("app_id") != self.app_id:
            raise NotGenuine("the notice of Alipay is not for this application", "check app_id")
        if self.seller_id and told.get("seller_id") != self.seller_id:
            raise NotGenuine("the notice of Alipay is for another seller", "check seller_id")
        if _instant(told.get("notify_time", "")) < at - LONGEST_TOLD:
            raise NotGenuine("the notice of Alipay is too old", "ask for the order instead")
        return self._paid(told, told.get("gmt_payment", ""))

    def ask(self, number: str, ref: str) -> Paid | None:
        """The order by its number; one that nobody opened does not exist yet."""
        request = AlipayTradeQueryRequest()
        request.biz_content = {"out_trade_no": number}
        try:
            told = json.loads(self.client.execute(request))
        except Exception as bad:
            raise Unreachable(f"Alipay did not answer ({type(bad).__name__})", "try again later") from None
        if told.get("sub_code") == "ACQ.TRADE_NOT_EXIST":
            return None
        if told.get("code") != "10000":
            raise Unreachable(
                f"Alipay refused ({told.get('sub_code') or told.get('code')})", "see its documentation"
            )
        return self._paid(told, told.get("send_pay_date", ""))

    def answer(self, taken: bool) -> Answer:
        """The very word `success`; anything else is told again."""
        return Answer(200, "success") if taken else Answer(200, "failure")

    def _paid(self, told: Mapping[str, Any], when: str) -> Paid | None:
        if told.get("trade_status") not in DONE:
            return None
        try:
            amount = Decimal(str(told["total_amount"])).scaleb(2)
            if amount != amount.to_integral_value():
                raise InvalidOperation
            return Paid(str(told["trade_no"]), str(told["out_trade_no"]), int(amount), "CNY", _instant(when))
        except (KeyError, InvalidOperation):
            raise NotGenuine("Alipay tells of a payment without its sum or number") from None


def _instant(text: str) -> datetime:
    try:
        return datetime.strptime(text, "%Y-%m-%d %H:%M:%S").replace(tzinfo=CHINA).astimezone(UTC)
    except ValueError:
        raise NotGenuine("Alipay tells of a payment without its time") from None
