"""What workers bring to a study of many runs, and what each run costs besides its training.

    .venv/bin/python recipes/study_workers.py --long 15 --short 8   # about three minutes on two idle cores
    .venv/bin/python recipes/study_workers.py --long 0              # 200 runs of two seconds: about nine minutes

Eight runs on one core each, one after another and on as many workers as there are cores; then many short ones on
as many workers, whose overhead is the time that a worker has for each run beyond what the run itself says it took.
No report is written: it is about the runs alone.
"""

import argparse
import tempfile
import time
from pathlib import Path

from reparam.cluster.child import cores
from reparam.runs.folder import RunFolder
from reparam.settings import DataConfig
from reparam.studies import Protocol, settle
from reparam.studies.lengths import steps_once
from reparam.studies.spread import at_work, spread
from reparam.studies.trials import Shown, trials
from reparam.studies.watch import Watch

MODEL = "vae-2"
STEPS_A_SECOND = 120
"""About what a core does of that model; what was needed is measured."""


def prepared(out: Path, seconds: float) -> Protocol:
    """A study whose runs have about so many seconds, always the same steps."""
    out.mkdir(parents=True)
    steps_once(out, MODEL, [], lambda: max(1, round(seconds * STEPS_A_SECOND)))
    return settle(Protocol(data=DataConfig(), seconds=seconds, threads=1), out)


def serial(out: Path, seconds: float, runs: int) -> float:
    """Wall time of the runs one after another."""
    protocol = prepared(out, seconds)
    began = time.monotonic()
    assert all(trial.run for trial in trials([MODEL], protocol, runs, out, lambda text: None, Shown()))
    return time.monotonic() - began


def at_once(out: Path, seconds: float, runs: int, workers: int) -> tuple[float, float]:
    """Wall time of the runs on workers, first without and then with the start of these."""
    protocol, began = prepared(out, seconds), time.monotonic()
    with at_work(out, protocol.data, workers, None) as (pool, _):
        ready = time.monotonic()
        found = spread([MODEL], protocol, runs, out, pool, Watch(None, None))
        assert all(trial.run for trial in found)
        done = time.monotonic()
    return done - ready, done - began


def trained(out: Path) -> float:
    """Seconds that all runs say they took."""
    return sum(RunFolder(folder).costs()["seconds"] for folder in out.iterdir() if folder.is_dir())


def long_runs(place: Path, seconds: float, workers: int) -> None:
    """Lines of eight runs, one after another and at once."""
    one = serial(place / "a", seconds, 8)
    print(f"| 8 | none: one after another | {one:.0f} | {trained(place / 'a'):.0f} | |", flush=True)
    many, whole = at_once(place / "b", seconds, 8, workers)
    told = f"{one / whole:.2f} × as fast, the workers' start of {whole - many:.1f} s included"
    print(f"| 8 | {workers} | {whole:.0f} | {trained(place / 'b'):.0f} | {told} |", flush=True)


def short_runs(place: Path, runs: int, workers: int) -> None:
    """The line of many runs of two seconds."""
    many, whole = at_once(place / "c", 2, runs, workers)
    extra = (many * workers - trained(place / "c")) / runs
    told = f"{extra:.1f} s of a worker for each run beyond its training"
    print(f"| {runs} | {workers} | {whole:.0f} | {trained(place / 'c'):.0f} | {told} |")


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser()
    options.add_argument("--long", type=float, default=60, help="seconds of a long run, about; 0 leaves these out")
    options.add_argument("--short", type=int, default=200, help="how many short runs of two seconds; 0: none")
    asked, workers = options.parse_args(), cores()
    print("| runs | workers | s | of which training, summed | |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        if asked.long:
            long_runs(place, asked.long, workers)
        if asked.short:
            short_runs(place, asked.short, workers)


if __name__ == "__main__":
    main()
