"""`make audit`: what is known to be weak among the packages we run on, and whether anything could be known at all.

pip-audit says nothing loud where its data cannot be reached; this does. Exit codes: 0 nothing known, 1 weaknesses,
2 the data could not be reached for some or all packages. With --where-reachable (`make check`) that last is told in one
line and is no failure.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
COMMAND = [
    "--disable-pip",
    "--require-hashes",
    "--progress-spinner",
    "off",
    "-f",
    "json",
    "-r",
    str(HERE / "run.txt"),
]


SECONDS = 120
"""How long pip-audit may take before its data count as out of reach."""


def main(*asked: str) -> int:
    """Ask, and say what was answered."""
    unreachable = 0 if "--where-reachable" in asked else 2
    command = [sys.executable, "-m", "pip_audit", *COMMAND]
    try:
        told = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
        packages = json.loads(told.stdout)["dependencies"]
    except (ValueError, KeyError, subprocess.TimeoutExpired) as error:
        said = "" if isinstance(error, subprocess.TimeoutExpired) else told.stderr.strip().splitlines()[-1:]
        print(f"pip-audit could not reach its data; nothing is known {''.join(said)[:200]}".strip())
        return unreachable
    weak = [f"{p['name']} {p['version']}: {v['id']}" for p in packages for v in p.get("vulns", [])]
    unknown = [p["name"] for p in packages if "skip_reason" in p]
    if known := len(packages) - len(unknown):
        print("\n".join(weak) or f"no weakness known in the {known} packages that were looked up")
    if unknown:
        print(f"pip-audit could not reach its data for {len(unknown)} of {len(packages)} packages")
    return 1 if weak else unreachable if unknown else 0


if __name__ == "__main__":
    raise SystemExit(main(*sys.argv[1:]))
