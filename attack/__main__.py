"""``python -m attack``: attacks of every kind, seeded, bounded in number and time; a table of what held.

The exit code is 0 where everything held, and 1 where not. ``python -m attack fuzz`` has options of its own.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from attack.table import Tally, table

os.environ.setdefault("OMP_NUM_THREADS", "1")

Cases = Iterator[tuple[str, Callable[[], str | None]]]
Attack = Callable[[Path, int, bool], Cases]


def attacks() -> dict[str, Attack]:
    """Every attack by its name: cases, each with what is wrong in it, or None."""
    from attack import folders, inputs, kills, settings, signals

    return {
        "kills": kills.kills,
        "moments": kills.moments,
        "errors": kills.errors,
        "looks": kills.looks,
        "full": kills.full,
        "vanished": kills.vanished,
        "interrupts": signals.interrupts,
        "folders": folders.damages,
        "settings": settings.sweep,
        "inputs": inputs.hostile,
    }


def main() -> int:
    """Attack, and print the table."""
    if sys.argv[1:2] == ["fuzz"]:
        from attack.fuzz.command import main as fuzz

        return fuzz(sys.argv[2:])
    known = attacks()
    parser = argparse.ArgumentParser(prog="python -m attack", description=__doc__)
    parser.add_argument("attacks", nargs="*", help=f"{', '.join(known)}; all unless given")
    parser.add_argument("--count", type=int, default=1000, help="cases of each attack, at most")
    parser.add_argument("--minutes", type=float, default=30.0, help="time of each attack, at most")
    parser.add_argument("--seed", type=int, default=0, help="which cases are tried where not all are")
    parser.add_argument("--quick", action="store_true", help="only what takes a second a case at most")
    parser.add_argument("--only", default="", help="cases that have this in their names, as a fault names them")
    parser.add_argument("--scenes", nargs="+", metavar="SCENE", help="of calls that are broken off; all unless given")
    parser.add_argument("--json", action="store_true", help="print the counts as JSON")
    options = parser.parse_args()
    if unknown := set(options.attacks) - set(known):
        parser.error(f"there is no attack {', '.join(sorted(unknown))}: choose from {', '.join(known)}")
    from attack.harness import warm
    from attack.price import price, told
    from attack.scenes import SCENES

    if unknown := set(options.scenes or ()) - set(SCENES):
        parser.error(f"there is no scene {', '.join(sorted(unknown))}: choose from {', '.join(SCENES)}")
    for name in set(SCENES) - set(options.scenes or SCENES):
        del SCENES[name]
    warm()
    with TemporaryDirectory(prefix="attack-") as folder:
        tallies = [Tally(name) for name in options.attacks or known]
        for tally in tallies:
            _count(tally, known[tally.attack], Path(folder), options)
        prices = [] if options.attacks else price(Path(folder), options.quick)
    if options.json:
        print(json.dumps({"attacks": [tally.plain() for tally in tallies], "saves": prices}, indent=2))
    else:
        print("\n\n".join(filter(None, [table(tallies), told(prices)])))
    return 1 if any(tally.faults for tally in tallies) else 0


def _count(tally: Tally, attack: Attack, folder: Path, options: argparse.Namespace) -> None:
    """Try what number and time allow; what is attacked is made before the time begins to run."""
    cases = [case for case in attack(folder, options.seed, options.quick) if options.only in case[0]]
    begun = time.monotonic()
    for case, tried in cases:
        tally.seconds = time.monotonic() - begun
        if tally.tried >= options.count or tally.seconds > 60 * options.minutes:
            break
        tally.count(case, fault := _fault(tried))
        said = f"\r{tally.attack}: {tally.tried} tried, {tally.failed} faults"
        print(said, end="" if fault is None else f"\n{case}: {fault}\n", file=sys.stderr, flush=True)
    tally.left_out = len(cases) - tally.tried
    print(file=sys.stderr)


def _fault(tried: Callable[[], str | None]) -> str | None:
    """What was wrong in a case; an attack that fails itself is a fault, too, and hides none of the others."""
    try:
        return tried()
    except Exception as error:
        return f"the attack itself failed: {type(error).__name__}: {error}"


if __name__ == "__main__":
    sys.exit(main())
