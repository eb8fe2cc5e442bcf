"""The league in every world, on many seeds: benchmarks/league.md and docs/images/frontier.svg.

    python benchmarks/league.py [--seeds 20] [--borrowers 1500] [--days 120] [--strategy NAME ...] [--world NAME ...]
        [--seed 1] [--again] [--page] [--tell]

Each world's runs are kept in the folder (`world-NAME.json`) as soon as it is played, and a later run of the same size
takes them from there unless told `--again`: a stop loses one world at most. `--page` writes the page of what is kept.

The bootstrap world replays the months of a real monthly credit record with the lateness of a real mobile lender, where
shared/data holds them; else an invented book's, and the page says so.
"""

from __future__ import annotations

import argparse
import json
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from league_page import head_to_head, page
from reference_page import DATA

from forbear.simulate.card.render import picture
from forbear.simulate.league import League, Row, play
from forbear.simulate.output import write
from forbear.simulate.run import Setup
from forbear.simulate.trajectories import Library, read_library, with_lateness
from forbear.simulate.worlds.catalog import WORLDS, world

HERE = Path(__file__).parent
PLAYED = ("ladder", "balance", "risk", "random", "uplift", "least", "none", "forbear")
ORDER = ("bootstrap", "structural", "selfexciting", "placebo", "harm")
"""In which worlds are played: those that decide first."""


def library() -> Library | None:
    """Real months and real lateness, where they are at hand."""
    record, mobile = DATA / "credit_record_monthly", DATA / "superlender_ng"
    if not (record.is_dir() and mobile.is_dir()):
        return None
    return with_lateness(read_library(record, "credit_record_monthly"), read_library_of_lateness(mobile))


def read_library_of_lateness(mobile: Path) -> Library:
    """The mobile lender's lateness; its loans are too short for months."""
    import numpy as np

    from forbear.simulate.calibrate.moments import of_event_book
    from forbear.simulate.trajectories import MOST_LATE

    late = of_event_book(mobile, "superlender_ng").late
    nothing = np.zeros((0, 4), dtype=np.int8)
    return Library(
        nothing, np.zeros(7, dtype=np.int64), np.sort(late[late <= MOST_LATE]), "lateness of superlender_ng"
    )


def one_world(name: str, strategies: tuple[str, ...], setup: Setup, seeds: int) -> tuple[League, float]:
    """The league of one world, and the seconds of processor time it took."""
    began = time.process_time()
    place = world(name, library=library() if name == "bootstrap" else None)
    return play([place], strategies, setup, seeds, frontier_seeds=seeds), time.process_time() - began


def kept(
    name: str, out: Path, strategies: tuple[str, ...], setup: Setup, seeds: int
) -> tuple[League, float] | None:
    """A world's league as it was kept; None: there is none of these strategies and this size."""
    file = out / f"world-{name}.json"
    told = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    if told.get("size") != _size(strategies, setup, seeds):
        return None
    rows, edge = (tuple(Row(**row) for row in told[part]) for part in ("rows", "frontier"))
    numbers = tuple(range(setup.seed, setup.seed + seeds))
    return League(setup, numbers, {name: told["told"]}, strategies, rows, edge), float(told["spent"])


def keep(name: str, out: Path, league: League, spent: float) -> None:
    """Keep a world's league, whole or not at all."""
    told = {
        "size": _size(league.strategies, league.setup, len(league.seeds)),
        "told": league.worlds[name],
        "spent": spent,
        "rows": [asdict(row) for row in league.rows],
        "frontier": [asdict(row) for row in league.frontier],
    }
    out.mkdir(parents=True, exist_ok=True)
    made = out / f".world-{name}.part"
    made.write_text(json.dumps(told) + "\n", encoding="utf-8")
    made.replace(out / f"world-{name}.json")


def _size(strategies: tuple[str, ...], setup: Setup, seeds: int) -> list[object]:
    return [list(strategies), setup.borrowers, setup.days, setup.seed, seeds]


def played(name: str, *, asked: argparse.Namespace) -> tuple[League, float]:
    """A world's league, from what is kept or played now and kept."""
    strategies, setup = (*PLAYED, *(asked.strategy or ())), Setup(asked.borrowers, asked.days, seed=asked.seed)
    found = None if asked.again else kept(name, asked.out, strategies, setup, asked.seeds)
    if found is None:
        found = one_world(name, strategies, setup, asked.seeds)
        keep(name, asked.out, *found)
        print(f"{name}: played, {found[1]:,.0f} seconds of processor time", flush=True)
    return found


def joined(parts: list[League]) -> League:
    """Leagues of several worlds as one."""
    first = parts[0]
    return replace(
        first,
        worlds={name: told for part in parts for name, told in part.worlds.items()},
        rows=tuple(row for part in parts for row in part.rows),
        frontier=tuple(row for part in parts for row in part.frontier),
    )


def main() -> None:
    """Play each world in a process of its own, and write the page, the folder and the picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--borrowers", type=int, default=1500)
    parser.add_argument("--days", type=int, default=120)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--strategy", action="append", help="further strategies, as `forbear simulate` takes them")
    parser.add_argument("--world", action="append", help="one world only; repeatable")
    parser.add_argument("--out", type=Path, default=HERE / "league")
    parser.add_argument("--seed", type=int, default=1, help="the first seed, and the pilot's")
    parser.add_argument(
        "--tell", action="store_true", help="write no page and no picture: print how Forbear's stands"
    )
    parser.add_argument("--again", action="store_true", help="play worlds that are kept, too")
    parser.add_argument("--page", action="store_true", help="play nothing: the page of the worlds that are kept")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    worlds = [name for name in ORDER if name in (asked.world or WORLDS)]
    if asked.page:
        worlds = [name for name in worlds if (asked.out / f"world-{name}.json").is_file()]
    with ProcessPoolExecutor(asked.processes) as pool:
        done = dict(zip(worlds, pool.map(partial(played, asked=asked), worlds), strict=True))
    parts = [done[name] for name in WORLDS if name in done]
    league = joined([part for part, _ in parts])
    if asked.tell:
        print(head_to_head(league))
        return
    write(league, asked.out, "en")
    (HERE.parent / "docs/images/frontier.svg").write_text(str(picture(league, "en")), encoding="utf-8")
    (HERE / "league.md").write_text(page(league, sum(spent for _, spent in parts)), encoding="utf-8")


if __name__ == "__main__":
    main()
