"""What an audit costs: time as a multiple of the plain loss and backward, and peak memory, on models of several sizes.

.venv/bin/python recipes/audit_cost.py

Each number is the median of several rounds; the audit's includes its own backward pass. Memory is the growth of the
process's peak resident set, each case in a process of its own.
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

import reparam
from reparam.kinds import GANConfig, VAEConfig, build_model
from reparam.models import Batch
from reparam.models.traits import Traits

CASES = ["vae-mlp", "vae-conv", "gan-mlp-generator", "gan-conv-discriminator"]


def case(name: str, batch: int) -> tuple[Callable[[], Tensor], nn.Module]:
    """A loss of this library's default models on 28 by 28 pixels, and the parameters that move."""
    x = torch.rand(batch, 1, 28, 28)
    if name.startswith("vae"):
        model = build_model(VAEConfig(network=name[4:], likelihood="bernoulli"), (1, 28, 28))  # type: ignore[arg-type]
    else:
        network = name.split("-")[1]
        model = build_model(GANConfig(network=network), (1, 28, 28), Traits(range=(0.0, 1.0)))  # type: ignore[arg-type]
    turns = {turn.name: turn for turn in model.turns()}
    turn = turns.get(name.rpartition("-")[2]) or next(iter(turns.values()))
    return lambda: turn.loss(Batch((x > 0.5).float()))["loss"], turn.moves


def seconds(run: Callable[[], object], rounds: int) -> float:
    """Median time of a call, after one that warms up."""
    run()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        run()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def measure(name: str, audited: bool, batch: int, rounds: int) -> dict[str, float]:
    """Time and peak memory of one case, in this process."""
    torch.set_num_threads(1)
    loss, moves = case(name, batch)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    if audited:
        taken = seconds(lambda: reparam.audit(loss, moves), rounds)
    else:
        taken = seconds(lambda: torch.autograd.grad(loss(), list(moves.parameters()), allow_unused=True), rounds)
    return {"seconds": taken, "mebibytes": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024}


def elsewhere(name: str, audited: bool, batch: int, rounds: int) -> dict[str, float]:
    """The same in a process of its own, so that peaks do not mix."""
    words = [sys.executable, __file__, "--one", name, "--batch", str(batch), "--rounds", str(rounds)]
    done = subprocess.run([*words, *(["--audited"] if audited else [])], check=True, capture_output=True, text=True)
    return json.loads(done.stdout)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--one", choices=CASES, help=argparse.SUPPRESS)
    parser.add_argument("--audited", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(measure(options.one, options.audited, options.batch, options.rounds)))
        return
    print("| loss | plain, ms | audit, ms | multiple | plain, MiB | audit, MiB |\n|---|---|---|---|---|---|")
    for name in CASES:
        plain, audit = (elsewhere(name, audited, options.batch, options.rounds) for audited in (False, True))
        print(
            f"| {name} | {1e3 * plain['seconds']:.1f} | {1e3 * audit['seconds']:.1f} "
            f"| {audit['seconds'] / plain['seconds']:.1f} | {plain['mebibytes']:.0f} | {audit['mebibytes']:.0f} |"
        )


if __name__ == "__main__":
    main()
