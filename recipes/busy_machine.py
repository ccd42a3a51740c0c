"""How fast a small VAE trains while other processes want the cores, and what waiting has to do with it.

    .venv/bin/python recipes/busy_machine.py                    # about four minutes; leave the machine alone

784-400-20 on MNIST, batches of 128. The load is so many processes that count. Each number is the median over rounds of
a training of some seconds in a process of its own: as it is, with threads that spin whatever happens, with threads that
never spin (``OMP_WAIT_POLICY=PASSIVE``), with one thread. Steps per second, and of these what an idle machine plays.
"""

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from contextlib import ExitStack, nullcontext

LOADS = (0, 1, 2, 4)
WAYS = {
    "as it is": {},
    "spinning": {},
    "never spinning": {"OMP_WAIT_POLICY": "PASSIVE"},
    "one thread": {"OMP_NUM_THREADS": "1"},
}


def measure(seconds: float, shared: bool) -> None:
    """Print how many steps a second were played after half as many seconds of warming up."""
    import torch

    import reparam
    from reparam.contention import sharing_cores
    from reparam.data import Batches
    from reparam.hardware import flushed_denormals
    from reparam.kinds import VAEConfig, build_model
    from reparam.models.traits import Traits
    from reparam.settings import TrainingConfig
    from reparam.training.loop import Loop
    from reparam.training.resolve import settle

    data, total = reparam.load_data("mnist", binarization="dynamic"), 100_000
    model = build_model(VAEConfig(), data.data_shape, Traits(data_shape=data.data_shape)).train()
    config = settle(TrainingConfig(batch_size=128, steps=total), model, data)
    loop = Loop(model.turns(), Batches(data.train, data, 128, 0, torch.device("cpu")), config, total)
    step, played = 0, {}
    with flushed_denormals(), sharing_cores() if shared else nullcontext():
        for name, lasts in (("warm", seconds / 2), ("timed", seconds)):
            start, first = time.perf_counter(), step
            while time.perf_counter() - start < lasts:
                loop.play(step)
                step += 1
            played[name] = (step - first) / (time.perf_counter() - start)
    print(json.dumps(played["timed"]))


def steps_per_second(way: str, seconds: float) -> float:
    """Of a process of its own."""
    command = [sys.executable, __file__, "--measure", *(["--spinning"] if way != "as it is" else [])]
    command += ["--seconds", str(seconds)]
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("OMP_", "GOMP_", "MKL_"))}
    said = subprocess.run(command, env=environment | WAYS[way], check=True, capture_output=True, text=True).stdout
    return float(json.loads(said.splitlines()[-1]))


def under(load: int, rounds: int, seconds: float) -> dict[str, float]:
    """Medians of each way under a load, ways in rotation."""
    with ExitStack() as stack:
        for _ in range(load):
            other = stack.enter_context(subprocess.Popen([sys.executable, "-c", "while True: pass"]))
            stack.callback(other.kill)
        found = [{way: steps_per_second(way, seconds) for way in WAYS} for _ in range(rounds)]
    return {way: statistics.median(one[way] for one in found) for way in WAYS}


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--spinning", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.measure:
        measure(asked.seconds, shared=not asked.spinning)
        return
    print(f"{platform.machine()}, {len(os.sched_getaffinity(0))} cores, load {os.getloadavg()[0]:.1f} at the start\n")
    print("| other processes |" + "".join(f" {way} |" for way in WAYS) + "\n|---|" + "---|" * len(WAYS))
    for load in LOADS:
        found = under(load, asked.rounds, asked.seconds)
        print(f"| {load} |" + "".join(f" {value:.0f} |" for value in found.values()), flush=True)


if __name__ == "__main__":
    main()
