"""A worker of the race: reserves calls to a few borrowers until told to stop, and may die within a transaction.

Usage: send_worker.py CONNECTION PACK SEED TRIES CHANCE_OF_DEATH; prints one line a cleared act after its commit.
"""

from __future__ import annotations

import os
import random
import signal
import sys

import psycopg

from forbear.conduct import Cleared, load_packs
from forbear.conduct.sending import reserve


def main() -> None:
    where, pack, seed, tries, death = sys.argv[1:]
    dice = random.Random(int(seed))
    packs = load_packs([pack])
    print("ready", flush=True)
    sys.stdin.readline()
    with psycopg.connect(where) as connection:
        for n in range(int(tries)):
            act = {
                "borrower_id": f"B{dice.randrange(3)}",
                "channel": dice.choice(("call", "sms", "email", "voice")),
                "loan_id": dice.choice(("L1", "L2", "L3")),
                "sender": dice.choice(("A1", "A2")),
            }
            with connection.transaction():
                said = reserve(connection, act, packs, contact_id=f"{seed}-{n}")
                if isinstance(said, Cleared) and dice.random() < float(death):
                    os.kill(os.getpid(), signal.SIGKILL)
            if isinstance(said, Cleared):
                print(f"{seed}-{n}", flush=True)


if __name__ == "__main__":
    main()
