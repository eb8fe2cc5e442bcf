"""`make audit`: what is known to be weak among the packages we run on, and whether anything could be known at all.

pip-audit says nothing loud where its data cannot be reached; this does. Exit codes: 0 nothing known, 1 weaknesses,
2 the data could not be reached for some or all packages.
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


def main() -> int:
    """Ask, and say what was answered."""
    told = subprocess.run(
        [sys.executable, "-m", "pip_audit", *COMMAND], capture_output=True, text=True, check=False
    )
    try:
        packages = json.loads(told.stdout)["dependencies"]
    except (ValueError, KeyError):
        print(f"pip-audit could not reach its data; nothing is known: {told.stderr.strip()[-500:]}")
        return 2
    weak = [f"{p['name']} {p['version']}: {v['id']}" for p in packages for v in p.get("vulns", [])]
    unknown = [p["name"] for p in packages if "skip_reason" in p]
    print(
        "\n".join(weak) or f"no weakness known in the {len(packages) - len(unknown)} packages that were looked up"
    )
    if unknown:
        print(f"pip-audit could not reach its data for {len(unknown)} of {len(packages)} packages")
    return 1 if weak else 2 if unknown else 0


if __name__ == "__main__":
    raise SystemExit(main())
