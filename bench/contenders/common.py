"""What every contender shares: its options, its stopwatches, its one line of JSON. Imports nothing heavy."""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import version

HIDDEN, LATENT = 400, 20
Options = argparse.Namespace


def options(purpose: str) -> Options:
    """Reads the flags, and keeps this process on the number of cores they ask for."""
    parser = argparse.ArgumentParser(description=purpose)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=3, help="measured epochs")
    parser.add_argument("--warmup", type=int, default=1, help="epochs before the measured ones")
    parser.add_argument("--threads", type=int, default=0, help="cores to use, 0 for all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--target", type=float, help="train until this test ELBO (nats) instead of timing epochs")
    parser.add_argument("--cap", type=float, default=900.0, help="seconds after which the target is given up")
    parser.add_argument("--learning-rate", type=float, help="of the race, the contender's own default unless given")
    parser.add_argument("--race-epochs", type=int, help="length of the race, over which the rate's schedule goes")
    parser.add_argument(
        "--schedule", choices=("cosine", "constant"), help="of the rate in the race, its own unless given"
    )
    parser.add_argument("--hidden", type=int, default=HIDDEN, help="width of the hidden layers")
    parser.add_argument("--depth", type=int, default=1, help="hidden layers of each network, ours and pythae's")
    parser.add_argument("--judge", choices=("test", "validation"), default="test", help="whose ELBO ends the race")
    parser.add_argument("--describe", action="store_true", help="print the contender's defaults and train nothing")
    parser.add_argument("--precision", default="auto", choices=("auto", "fp32", "bf16"), help="reparam's, the floor's")
    parser.add_argument("--products", default="auto", choices=("auto", "torch", "onednn"), help="of fp32, likewise")
    parser.add_argument("--shared-samples", action="store_true", help="both turns of reparam's game share theirs")
    parser.add_argument("--fuse", default="no", choices=("no", "yes"), help="reparam's losses compiled")
    chosen = parser.parse_args()
    _keep_to(chosen.threads)
    return chosen


def _keep_to(threads: int) -> None:
    """Binds the process to its first cores: torch's and XLA's thread pools both take their size from that."""
    if threads:
        os.environ["OMP_NUM_THREADS"] = str(threads)
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])


def time_epochs(epoch: Callable[[], int], chosen: Options, whole: int) -> list[float]:
    """Seconds of each epoch, warm-up first; an epoch returns the images it saw, and counts as `whole` of them."""
    seconds = []
    for _ in range(chosen.warmup + chosen.epochs):
        start = time.perf_counter()
        seen = epoch()
        seconds.append((time.perf_counter() - start) * whole / seen)
    return seconds


class Clock:
    """Wall-clock seconds since the process was started, less what was paused."""

    def __init__(self) -> None:
        self.started = float(os.environ.get("BENCH_STARTED", time.time()))
        self.excluded = 0.0

    def elapsed(self) -> float:
        return time.time() - self.started - self.excluded

    @contextmanager
    def paused(self) -> Iterator[None]:
        start = time.time()
        try:
            yield
        finally:
            self.excluded += time.time() - start


def report(chosen: Options, packages: tuple[str, ...], **fields: object) -> None:
    """Prints the contender's line of JSON."""
    versions = {name: version(name) for name in packages} | {"python": platform.python_version()}
    print(json.dumps({"batch": chosen.batch, **fields, "versions": versions}), flush=True)


def report_epochs(chosen: Options, packages: tuple[str, ...], seconds: list[float], **fields: object) -> None:
    """Prints the measured epochs, and the warm-up ones apart."""
    report(chosen, packages, warmup=seconds[: chosen.warmup], epochs=seconds[chosen.warmup :], **fields)


def report_target(
    chosen: Options, packages: tuple[str, ...], clock: Clock, trace: list[tuple[float, float]], **fields: object
) -> None:
    """Prints when the target was reached, from a trace of (seconds, test ELBO in nats) after each epoch."""
    reached = next((seconds for seconds, elbo in trace if elbo >= chosen.target), None)
    last = trace[-1][1] if trace else None
    spent = trace[-1][0] if trace else clock.elapsed()
    told = {"reached": reached is not None, "seconds": reached or spent, "elbo": last, "excluded": clock.excluded}
    report(chosen, packages, **told, trace=trace, **fields)
