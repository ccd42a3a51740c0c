"""Runs every contender in rotation, prints the table of ratios and writes the measurements as JSON."""

import argparse
import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench import machine, processes, ratios, tables
from bench.environment import ROOT
from bench.plan import COMMON_BATCH, CONTENDERS, PROFILES, RACES, Contender, Job, chosen_names, jobs
from bench.ratios import Ratio

Answers = dict[str, list[dict[str, Any]]]


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="a smoke run: one round of two epochs, the race capped at 30 s"
    )
    parser.add_argument(
        "--only", action="append", choices=CONTENDERS, metavar="NAME", help=f"of {', '.join(CONTENDERS)}"
    )
    parser.add_argument("--no-peers", action="store_true", help="ours, the plain loop and the floor: installs nothing")
    parser.add_argument("--no-target", action="store_true", help="no race to the bound")
    parser.add_argument("--no-profile", action="store_true", help="do not say where the time of a step goes")
    parser.add_argument("--threads", type=int, default=0, help="cores each contender may use, 0 for all")
    parser.add_argument("--rounds", type=int, default=2, help="how often the rotation is gone through")
    parser.add_argument("--epochs", type=int, default=5, help="measured epochs a round")
    parser.add_argument("--warmup", type=int, default=2, help="epochs before those, each round")
    parser.add_argument("--our-batch", type=int, help="compare at this batch too, instead of reparam's default one")
    parser.add_argument("--target", type=float, default=-102.0, help="the test ELBO to reach, in nats")
    parser.add_argument("--cap", type=float, default=900.0, help="seconds after which a contender gives the target up")
    parser.add_argument("--json", type=Path, default=ROOT / "bench" / "results" / "latest.json")
    chosen = parser.parse_args()
    if chosen.quick:
        chosen.rounds, chosen.epochs, chosen.warmup, chosen.cap = 1, 2, 1, 30.0
    return chosen


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def default_batch() -> int:
    """The batch size reparam trains with unless told otherwise."""
    return int(processes.run(CONTENDERS["ours"], describe=True).get("batch", COMMON_BATCH))


def measure_epochs(listed: list[Job], chosen: argparse.Namespace) -> Answers:
    """Every job once a round, so that a slow spell of the machine falls on all."""
    answers: Answers = {job.key: [] for job in listed}
    for number in range(chosen.rounds):
        for job in listed:
            say(f"round {number + 1}/{chosen.rounds}: {job.contender.label}, batch {job.batch} ...")
            flags = {"epochs": chosen.epochs, "warmup": chosen.warmup, "threads": chosen.threads, "seed": number}
            answers[job.key].append(processes.run(job.contender, batch=job.batch, **flags))
    return answers


def measure_races(names: list[str], batch: int, chosen: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Seconds to the test ELBO: ours with its defaults, peers at the common batch."""
    told = {}
    for name, race in RACES.items():
        if race.contender in names:
            say(f"to test ELBO {chosen.target:g}: {race.label} (at most {chosen.cap:g} s) ...")
            size = batch if name == "ours" else COMMON_BATCH
            flags = {"target": chosen.target, "cap": chosen.cap, "threads": chosen.threads, **race.flags}
            told[name] = processes.run(CONTENDERS[race.contender], batch=size, **flags)
    return told


def measure_profiles(listed: list[Job], chosen: argparse.Namespace) -> dict[str, dict[str, Any]]:
    """Where the time of our steps goes, by job."""
    told = {}
    for job in listed:
        if job.name in PROFILES:
            say(f"profile: {job.contender.label}, batch {job.batch} ...")
            flags = {"batch": job.batch, "threads": chosen.threads}
            told[job.key] = processes.run(Contender("profile", "", flags=job.contender.flags), **flags)
    return told


def failures(
    answers: Answers, targets: dict[str, dict[str, Any]], profiles: dict[str, dict[str, Any]]
) -> dict[str, str]:
    """The first complaint of each job that failed."""
    runs = [(key, told) for key, listed in answers.items() for told in listed]
    runs += [(f"target {name}", told) for name, told in targets.items()]
    runs += [(f"profile {name}", told) for name, told in profiles.items()]
    return {key: told["error"] for key, told in reversed(runs) if "error" in told}


def compare(epochs: dict[str, list[float]], targets: dict[str, dict[str, Any]], batch: int, elbo: float) -> list[Ratio]:
    """Every ratio that both sides were run for."""
    listed = [ratio for ratio in ratios.epoch_ratios(epochs, batch) if set(ratio.needs) <= epochs.keys()]
    peers = [name for name in targets if name != "ours" and "ours" in targets]
    return listed + [ratios.target_ratio(name, targets["ours"], targets[name], elbo) for name in peers]


def write(path: Path, measured: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(measured, indent=2, default=str) + "\n")
    say(f"wrote {path}")


def main() -> int:
    """Measures, prints, writes. A missed target is printed; only a contender that fails makes the exit code 1."""
    chosen, described = options(), machine.describe()
    bf16 = described["features"]["avx512_bf16"] or described["features"]["amx_bf16"]
    batch, names = chosen.our_batch or default_batch(), chosen_names(chosen.only, not chosen.no_peers, bf16)
    listed = jobs(names, batch)
    answers = measure_epochs(listed, chosen)
    targets = {} if chosen.no_target else measure_races(names, batch, chosen)
    profiles = {} if chosen.no_profile else measure_profiles(listed, chosen)
    epochs, errors = {key: ratios.pooled(told) for key, told in answers.items()}, failures(answers, targets, profiles)
    compared = compare(epochs, targets, batch, chosen.target)
    shown = [tables.seconds_table(listed, epochs, errors), tables.ratios_table(compared)]
    shown[1:1] = [tables.targets_table(targets, chosen.target)] if targets else []
    labels = {job.key: f"{job.contender.label}, {job.batch}" for job in listed if job.key in profiles}
    shown += [tables.profiles_table(profiles, labels)] if profiles else []
    tables.show(machine.sentences(described, version("torch")), shown, tables.compiling(profiles))
    rows = [vars(ratio) | {"verdict": ratio.verdict} for ratio in compared]
    measured = {
        "machine": described,
        "options": vars(chosen),
        "epochs": answers,
        "targets": targets,
        "profiles": profiles,
    }
    write(chosen.json, measured | {"ratios": rows, "errors": errors, "notes": tables.NOTES})
    return 1 if errors else 0


if __name__ == "__main__":
    raise SystemExit(main())
