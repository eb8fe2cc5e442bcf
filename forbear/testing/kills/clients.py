"""Clients of the desk who do not give up: they send again what was not answered, and write down what was."""

from __future__ import annotations

import json
import random
import re
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from http.client import HTTPException
from http.cookiejar import CookieJar
from typing import Any

from forbear.testing.kills.record import Record, Sent

TIMEOUT = 8
"""Seconds a client waits for an answer before it sends again."""
PAY_EVERY, REVERSE_EVERY = 0.03, 0.4
NO_ANSWER = (OSError, HTTPException, ValueError)
"""What a request that was cut raises; half an answer is none."""
REVERSED_ON = "2025-07-02"


class Answer:
    """A status and its body; status 0: there was none."""

    def __init__(self, status: int = 0, body: Any = None) -> None:
        self.status = status
        self.body = body


def ask(url: str, headers: dict[str, str], body: Any = None) -> Answer:
    """One request; a server error counts as no answer, for the client sends again after either."""
    data = json.dumps(body).encode() if body is not None else None
    sent = urllib.request.Request(url, data, {"Content-Type": "application/json", **headers})  # noqa: S310 - our desk
    try:
        with urllib.request.urlopen(sent, timeout=TIMEOUT) as told:  # noqa: S310
            return Answer(told.status, json.loads(told.read()))
    except urllib.error.HTTPError as refused:
        with refused:
            return Answer() if refused.code >= 500 else Answer(refused.code, refused.read().decode())
    except NO_ANSWER:
        return Answer()


class Client(threading.Thread):
    """Repeats `act` until told to stop; `act` itself asks until it is answered, at most until `give_up`."""

    every = 0.1

    def __init__(self, url: str, record: Record, seed: str) -> None:
        super().__init__(name=seed, daemon=True)
        self.url, self.record, self.pick = url, record, random.Random(seed)  # noqa: S311 - a plan, no secret
        self.stopping, self.give_up = threading.Event(), threading.Event()

    def run(self) -> None:
        """Act until told to stop; whatever is raised is a fault of the run."""
        try:
            while not self.stopping.wait(self.pick.uniform(0, 2 * self.every)):
                self.act()
        except Exception as error:
            self.record.wrong(f"client {self.name} failed: {error!r}")

    def act(self) -> None:
        """One thing a client does."""
        raise NotImplementedError

    def until_answered(self, send: Callable[[], Answer]) -> Answer:
        """Send until there is an answer."""
        while not self.give_up.is_set():
            if (answer := send()).status:
                return answer
            self.record.told("no answer", client=self.name)
            self.give_up.wait(self.pick.uniform(0.02, 0.2))
        return Answer()


class Payer(Client):
    """Books payments by API; now and then the same one twice at once, or again after it was answered."""

    every = PAY_EVERY

    def __init__(self, url: str, record: Record, seed: str, token: str) -> None:
        super().__init__(url, record, seed)
        self.token, self.count = token, 0

    def act(self) -> None:
        """Book one payment."""
        if self.record.acknowledged and self.pick.random() < 0.05:
            self.send(self.record.sent[self.pick.choice(list(self.record.acknowledged))])
            return
        one = self._made()
        self.record.sending(one)
        if self.pick.random() < 0.1:
            twin = threading.Thread(target=self.send, args=(one,), name="twin", daemon=True)
            twin.start()
            self.send(one)
            twin.join()
        else:
            self.send(one)

    def send(self, one: Sent) -> None:
        """Send a payment until it is answered, and note the answer."""
        headers = {"Authorization": f"Bearer {self.token}", "Idempotency-Key": one.key}
        body = {name: getattr(one, name) for name in ("payment_id", "loan_id", "paid_on", "amount")}
        began = [0.0]

        def post() -> Answer:
            began[0] = time.monotonic()
            return ask(f"{self.url}/api/v1/payments", headers, body)

        told = self.until_answered(post)
        if told.status == 201:
            self.record.answered(one.key, told.body["entry_id"], began[0])
        elif told.status:
            self.record.wrong(f"payment {one.key} was refused: {told.status} {told.body}")

    def _made(self) -> Sent:
        self.count += 1
        known = sorted(self.record.imported)
        loan = self.pick.choice(self.record.books[self.pick.choice(known)].loans)
        backdated = self.pick.random() < 0.15
        paid_on = f"2025-{self.pick.randrange(2, 7):02}-10" if backdated else "2025-07-01"
        name = f"{self.name}-{self.count}"
        return Sent(name, f"P-{name}", loan, paid_on, self.pick.randrange(100, 50_000))


class Manager:
    """A person with a session."""

    def __init__(self, url: str, username: str, password: str) -> None:
        self.url = url
        jar = CookieJar()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        with opener.open(f"{url}/accounts/login/", timeout=TIMEOUT) as page:
            found = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page.read().decode())
        assert found
        form = f"login={username}&password={password.replace(' ', '+')}&csrfmiddlewaretoken={found[1]}".encode()
        opener.open(f"{url}/accounts/login/", form, timeout=TIMEOUT).close()
        cookies = {cookie.name: cookie.value or "" for cookie in jar}
        self.headers = {
            "Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items()),
            "X-CSRFToken": cookies["csrf"],
        }

    def ask(self, path: str, body: Any = None) -> Answer:
        """One request."""
        return ask(self.url + path, self.headers, body)


class Reverser(Client):
    """One manager proposes that a payment no longer counts, another approves."""

    every = REVERSE_EVERY

    def __init__(self, url: str, record: Record, seed: str, mei: Manager, chen: Manager) -> None:
        super().__init__(url, record, seed)
        self.mei, self.chen = mei, chen

    def act(self) -> None:
        """Reverse one acknowledged payment."""
        known = [key for key in self.record.acknowledged if f"P-{key}" not in self.record.reversing]
        if not known:
            return
        payment = f"P-{self.pick.choice(known)}"
        self.record.reversing.add(payment)
        approval = self._proposed(payment)
        if not approval:
            return
        told = self.until_answered(lambda: self.chen.ask(f"/api/v1/approvals/{approval}/approve", {}))
        if told.status == 409:  # done by a request whose answer was lost
            told = self.until_answered(lambda: self.chen.ask(f"/api/v1/payments/{payment}"))
            told.status = 200 if told.status == 200 and told.body["reversed_on"] else 409
        if told.status == 200:
            self.record.reversed.add(payment)
            self.record.told("reversed", payment=payment)
        elif told.status:
            self.record.wrong(f"reversal of {payment} was refused: {told.status} {told.body}")

    def _proposed(self, payment: str) -> str:
        why = {"reason": "bounced", "effective_on": REVERSED_ON}
        told = self.until_answered(lambda: self.mei.ask(f"/api/v1/payments/{payment}/reversals", why))
        if told.status == 201:
            return str(told.body["approval_id"])
        if told.status == 409:  # the proposal stands; its answer was lost
            waiting = self.until_answered(lambda: self.mei.ask("/api/v1/approvals?state=proposed&page=1000"))
            found = [one for one in waiting.body or [] if one["subject"] == f"payment:{payment}"]
            if len(found) == 1:
                return str(found[0]["approval_id"])
        if told.status:
            self.record.wrong(f"reversal of {payment} could not be proposed: {told.status} {told.body}")
        return ""
