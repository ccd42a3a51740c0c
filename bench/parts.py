"""Every part of the bench, one after the other: `make bench`, about 25 minutes on two quiet cores.

    .venv/bin/python -m bench.parts                      # all of them
    .venv/bin/python -m bench.parts games measures       # these; make bench PARTS="games measures"
    .venv/bin/python -m bench.parts --quick              # only to see that all run; make bench QUICK=1

A part by itself, with all its flags: `python -m bench` (vae), `python -m bench.games --help` and so on.
"""

import argparse
import subprocess
import sys
import time
from dataclasses import dataclass

from bench.environment import ROOT


@dataclass(frozen=True)
class Part:
    """A module, its flags, and those that show in the least time that it runs; `minutes` on two quiet cores."""

    module: str
    what: str
    minutes: float
    flags: tuple[str, ...] = ()
    quick: tuple[str, ...] = ()


PARTS = {
    "vae": Part(
        "bench",
        "the 784-400-20 VAE: seconds per epoch, fused and not, the race to the bound, where a step's time goes",
        11,
        ("--epochs=3", "--warmup=1", "--cap=120"),
        ("--rounds=1", "--epochs=1", "--warmup=0", "--cap=5"),
    ),
    "games": Part("bench.games", "the MLP GAN, with and without shared samples", 3, quick=("--rounds=1", "--epochs=1")),
    "convolutional": Part(
        "bench.convolutional",
        "a convolutional game and a residual VAE",
        7,
        ("--rounds=2", "--seconds=4"),
        ("--rounds=1", "--seconds=0.5", "--batch=16"),
    ),
    "likelihood": Part(
        "bench.likelihood",
        "importance samples of log p(x)",
        2,
        quick=("--rounds=1", "--images=2", "--samples=200"),
    ),
    "measures": Part(
        "bench.measures",
        "measures of samples",
        2,
        ("--large=50000",),
        ("--rounds=1", "--number=1500", "--width=32", "--large=2000"),
    ),
}


def command(part: Part, quick: bool) -> list[str]:
    """What runs a part."""
    return [sys.executable, "-m", part.module, *(part.quick if quick else part.flags)]


def main() -> int:
    """Run those that are asked for; the exit code is 1 if one fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all unless given")
    parser.add_argument("--quick", action="store_true", help="the smallest settings")
    chosen = parser.parse_args()
    for name in set(chosen.parts) - PARTS.keys():
        parser.error(f"there is no part {name!r}: there are {', '.join(PARTS)}")
    spent, failed = dict[str, float](), list[str]()
    for name in chosen.parts or PARTS:
        print(f"\n{name}: {PARTS[name].what} (about {PARTS[name].minutes} minutes)", flush=True)
        start = time.perf_counter()
        if subprocess.run(command(PARTS[name], chosen.quick), cwd=ROOT).returncode:
            failed.append(name)
        spent[name] = time.perf_counter() - start
    times = ", ".join(f"{name} {seconds / 60:.1f}" for name, seconds in spent.items())
    print(f"\nminutes: {times}; {sum(spent.values()) / 60:.1f} in all")
    print(f"failed: {', '.join(failed)}" if failed else "every part ran")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
