"""Seconds to a bound of -97, -95 ...: ours and pythae, each with settings that the same search chose on validation.

    .venv/bin/python -m bench.bound --target -97                 # an hour and a half of two quiet cores, as a guess
    .venv/bin/python -m bench.bound --target -95 --tries 24
    .venv/bin/python -m bench.bound --target -97 --depth 1       # of the table, only these
    .venv/bin/python -m bench.bound --quick                      # only whether all runs: two tries of an epoch

The search draws settings from one table for both: hidden layers and their width, batch, learning rate, schedule, and
the epochs that the schedule goes over. A try ends when the validation bound is at the target, and when it has taken
longer than the best try so far, which no longer can be beaten. The best of each then races to the test bound with seeds
that chose nothing, in rotation. Seconds are from the start of the process, as in `python -m bench`.
"""

import argparse
import json
import random
from importlib.metadata import version
from math import prod
from pathlib import Path
from statistics import median
from typing import Any

from bench.environment import ROOT
from bench.machine import describe, sentences
from bench.plan import CONTENDERS
from bench.processes import run

NAMES = ("ours", "pythae")
TABLE: dict[str, tuple[object, ...]] = {
    "depth": (1, 2),
    "hidden": (400, 600, 800),
    "batch": (128, 256, 512),
    "learning-rate": (5e-4, 1e-3, 2e-3, 4e-3, 6e-3),
    "schedule": ("cosine", "constant"),
    "race-epochs": (12, 25, 50, 100, 200),
}
SEEDS = 100
"""The first of the seeds that race: none of them is searched with."""


def drawn(tries: int, seed: int, table: dict[str, tuple[object, ...]] = TABLE) -> list[dict[str, object]]:
    """Settings to try, each once, the same for both.

    >>> drawn(3, 0) == drawn(3, 0), len(drawn(5, 1))
    (True, 5)
    >>> sorted(one["batch"] for one in drawn(9, 0, {"batch": (128, 256)}))
    [128, 256]
    """
    chance, told = random.Random(seed), list[dict[str, object]]()
    while len(told) < min(tries, prod(map(len, table.values()))):
        one = {name: chance.choice(values) if len(values) > 1 else values[0] for name, values in table.items()}
        if one not in told:
            told.append(one)
    return told


def searched(name: str, tries: list[dict[str, object]], target: float, cap: float) -> list[dict[str, Any]]:
    """What each try came to on validation."""
    told, best = [], cap
    for settings in tries:
        found = run(CONTENDERS[name], target=target, cap=best, judge="validation", seed=0, **settings)
        told.append({**found, "settings": settings})  # a contender has settings of its own
        if found.get("reached"):
            best = min(best, found["seconds"])
        print(f"{name} {settings}: {said(found)}", flush=True)
    return told


def chosen_of(told: list[dict[str, Any]]) -> dict[str, object] | None:
    """The settings that were there first; None if none was."""
    there = [one for one in told if one.get("reached")]
    return min(there, key=lambda one: one["seconds"])["settings"] if there else None


def said(found: dict[str, Any]) -> str:
    """Words for what a process measured."""
    if "error" in found:
        return str(found["error"])
    state = "reached" if found["reached"] else "not reached"
    elbo = "no epoch done" if found["elbo"] is None else f"{found['elbo']:.2f} nats"
    return f"{state} after {found['seconds']:.1f} s and {len(found['trace'])} epochs ({elbo})"


def raced(chosen: dict[str, dict[str, object]], target: float, cap: float, rounds: int) -> dict[str, list[Any]]:
    """The best of each on the test images, in rotation."""
    told: dict[str, list[Any]] = {name: [] for name in chosen}
    for number in range(rounds):
        for name, settings in chosen.items():
            found = run(CONTENDERS[name], target=target, cap=cap, judge="test", seed=SEEDS + number, **settings)
            told[name].append(found)
            print(f"race, {name}, seed {SEEDS + number}: {said(found)}", flush=True)
    return told


def options() -> argparse.Namespace:
    """The flags."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", type=float, default=-97.0, help="nats")
    parser.add_argument("--tries", type=int, default=16, help="of each contender's search")
    parser.add_argument("--cap", type=float, default=600.0, help="seconds after which a try gives up, and a race")
    parser.add_argument("--rounds", type=int, default=3, help="races of each")
    parser.add_argument("--search-seed", type=int, default=0, help="of the settings that are drawn")
    for name, values in TABLE.items():
        kind = type(values[0])
        parser.add_argument(f"--{name}", nargs="+", type=kind, choices=values, default=values, help="to draw from")
    parser.add_argument("--quick", action="store_true", help="only whether all runs")
    parser.add_argument("--json", type=Path, default=ROOT / "bench" / "results" / "bound.json")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.target, chosen.tries, chosen.rounds, chosen.cap = -250.0, 2, 1, 60.0
    return chosen


def main() -> int:
    """Search, race, print, write; the exit code is 1 if a process fails."""
    asked, described = options(), describe()
    print("\n".join(sentences(described, version("torch"))))
    table = {name: tuple(dict.fromkeys(getattr(asked, name.replace("-", "_")))) for name in TABLE}
    tries = drawn(asked.tries, asked.search_seed, table)
    search = {name: searched(name, tries, asked.target, asked.cap) for name in NAMES}
    best = {name: settings for name, told in search.items() if (settings := chosen_of(told))}
    races = raced(best, asked.target, asked.cap, asked.rounds)
    for name in NAMES:
        seconds = [one["seconds"] for one in races.get(name, []) if one.get("reached")]
        there = f"{median(seconds):.1f} s, {len(seconds)} of {asked.rounds} races" if seconds else "not reached"
        print(f"{name}, {best.get(name, 'no try got there')}: test bound {asked.target:g} in {there}")
    asked.json.parent.mkdir(parents=True, exist_ok=True)
    kept = {"machine": described, "options": vars(asked), "search": search, "best": best, "races": races}
    asked.json.write_text(json.dumps(kept, indent=2, default=str) + "\n")
    return int(any("error" in one for told in (*search.values(), *races.values()) for one in told))


if __name__ == "__main__":
    raise SystemExit(main())
