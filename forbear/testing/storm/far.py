"""The storm's providers, in a process of their own: two of text messages, one of push, each hostile in its own way."""

from __future__ import annotations

import sys
from pathlib import Path

from forbear.testing.http_provider import HttpProvider, Manners
from forbear.testing.storm.clock import stamp

SAYS = ("TD", "STOP", "退订", "好的", "已还")
PROVIDERS: dict[str, tuple[str, str, Manners]] = {
    "sms-a": (
        "sms",
        "http",
        Manners(
            loses_request=0.01,
            loses_answer=0.01,
            late=0.003,
            late_seconds=2.5,
            away=0.01,
            throttles=0.02,
            refuses=0.002,
            forgets=0.002,
            repeats=0.1,
            reorders=0.2,
            fails=0.05,
            answers=0.002,
            says=SAYS,
        ),
    ),
    "sms-b": (
        "sms",
        "http",
        Manners(loses_answer=0.03, away=0.05, throttles=0.05, repeats=0.3, reorders=0.3, fails=0.1),
    ),
    "push-a": (
        "app_push",
        "push",
        Manners(loses_request=0.005, loses_answer=0.005, away=0.01, repeats=0.2, reorders=0.1),
    ),
}


def main(out: Path, seed: int) -> None:
    """Serve until standard input ends; the addresses are told on standard output."""
    made = [
        HttpProvider(
            log=out / f"{name}.log.jsonl",
            known=out / f"{name}.answers.jsonl",
            manners=manners,
            seed=seed + n,
            name=name,
            stamp=stamp,
        ).start()
        for n, (name, (_, _, manners)) in enumerate(PROVIDERS.items())
    ]
    for name, one in zip(PROVIDERS, made, strict=True):
        print(name, one.url, flush=True)
    sys.stdin.read()
    for one in made:
        one.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
