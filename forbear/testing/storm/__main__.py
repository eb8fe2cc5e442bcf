"""`python -m forbear.testing.storm`: run a storm; exit code 1 if the auditor found anything."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from forbear.testing.storm.run import Weather, run
from forbear.testing.storm.world import Size


def main() -> int:
    """Run it."""
    asked = argparse.ArgumentParser(prog="python -m forbear.testing.storm", description=__doc__)
    asked.add_argument("--borrowers", type=int, default=1_000)
    asked.add_argument("--planned", type=int, default=10_000)
    asked.add_argument("--seed", type=int, default=7)
    asked.add_argument("--workers", type=int, default=8)
    asked.add_argument("--kills", type=int, default=100)
    asked.add_argument("--database-kills", type=int, default=10)
    asked.add_argument("--jumps", type=int, default=6)
    asked.add_argument("--minutes", type=float, default=0, help="then the rest of the two weeks passes at once")
    asked.add_argument("--out", type=Path, default=Path("storm"), help="a folder that is not there yet")
    given = asked.parse_args()
    weather = Weather(given.workers, given.kills, given.database_kills, given.jumps, given.minutes)
    told = run(Size(given.borrowers, given.planned, given.seed), weather, given.out.absolute())
    print(json.dumps(told, indent=2, ensure_ascii=False))
    return 1 if any(told["counts"].values()) else 0


if __name__ == "__main__":
    sys.exit(main())
