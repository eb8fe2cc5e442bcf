"""Telephones on loopback for tests of the dialer; what each does stands in the last digit of its number.

    python -m forbear.testing.sip_phone FOLDER

Answers (0), is busy (1), refuses (2), is unknown (3), breaks (4), rings on (5), hangs up (6). It prints its port, takes
any number of calls, and writes what each number heard to FOLDER/NUMBER.wav.
"""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path
from typing import Any

STATUS = {"0": 200, "1": 486, "2": 603, "3": 404, "4": 500, "5": 180, "6": 200}
"""SIP status by last digit."""
SOON = 1.0
"""Seconds after which one who hangs up has had enough."""


def main() -> None:
    """Ring until the process is ended."""
    import pjsua2 as pj

    folder = Path(sys.argv[1])
    endpoint = pj.Endpoint()
    endpoint.libCreate()
    config = pj.EpConfig()
    config.uaConfig.threadCnt, config.uaConfig.mainThreadOnly = 0, True
    config.logConfig.level = config.logConfig.consoleLevel = 0
    endpoint.libInit(config)
    endpoint.audDevManager().setNullDev()
    transport = pj.TransportConfig()
    transport.port, transport.boundAddress = 0, "127.0.0.1"
    number = endpoint.transportCreate(pj.PJSIP_TRANSPORT_UDP, transport)
    endpoint.libStart()

    class Call(pj.Call):  # type: ignore[misc]
        recorder: Any = None
        taken = 0.0
        number = ""

        def onCallState(self, _: Any) -> None:  # noqa: N802 - the library's name
            if self.getInfo().state == pj.PJSIP_INV_STATE_CONFIRMED:
                self.taken = time.monotonic()
            if self.getInfo().state == pj.PJSIP_INV_STATE_DISCONNECTED:
                self.recorder = None
                calls.remove(self)

        def onCallMediaState(self, _: Any) -> None:  # noqa: N802
            if self.number[-1] in "06" and self.recorder is None:
                self.recorder = pj.AudioMediaRecorder()
                self.recorder.createRecorder(str(folder / f"{self.number}.wav"))
                self.getAudioMedia(-1).startTransmit(self.recorder)

    calls: list[Call] = []

    class Account(pj.Account):  # type: ignore[misc]
        def onIncomingCall(self, told: Any) -> None:  # noqa: N802
            call = Call(self, told.callId)
            calls.append(call)
            call.number = re.findall(r"sip:\+?([0-9]+)@", call.getInfo().localUri)[0]
            answer = pj.CallOpParam(True)
            answer.statusCode = STATUS[call.number[-1]]
            call.answer(answer)

    account = Account()
    wanted = pj.AccountConfig()
    port = endpoint.transportGetInfo(number).localName.rsplit(":", 1)[1]
    wanted.idUri = f"sip:phone@127.0.0.1:{port}"
    account.create(wanted)
    print(port, flush=True)

    def step() -> None:  # a function of its own lest a name keep an ended call, whose number is given to another
        for call in list(calls):
            if call.number[-1] == "6" and call.taken and time.monotonic() - call.taken > SOON:
                call.taken = 0.0
                call.hangup(pj.CallOpParam())

    while True:
        endpoint.libHandleEvents(20)
        step()


if __name__ == "__main__":
    main()
