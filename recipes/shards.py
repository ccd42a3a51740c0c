"""What shards save in memory and cost in time, and what a second process brings.

    .venv/bin/python recipes/shards.py                    # about two minutes on two cores
    .venv/bin/python recipes/shards.py --norms            # the same of a game with batch norms, over shard and batch

A convolutional VAE (with --norms a GAN) on seeded noise of 3 by 64 by 64 pixels, batches of 256. Each line is a process
(or two) of its own: the most memory that one of them has held beyond what Python and torch take, and seconds per step
without the first. One thread a process, so that two processes are compared with one on as many threads as each has.
"""

import argparse
import json
import os
import subprocess
import sys
import time

import torch

import reparam
from reparam.data import Dataset, Split
from reparam.kinds import GANConfig, VAEConfig, build_model
from reparam.models.traits import Traits
from reparam.randomness import generator
from reparam.training import Callback, Silent
from reparam.training.memory import forget_peak, peak_memory

SHAPE, BATCH, STEPS = (3, 64, 64), 256, 4
TRIED = ((1, 1), (2, 1), (4, 1), (8, 1), (16, 1), (2, 2), (4, 2), (8, 2))
"""Shards, and processes."""
NORMED = ((1, 1), (4, 1), (16, 1), (4, 2))


class Clock(Callback):
    """When each step ended, and the memory at the beginning."""

    def start(self, session: object) -> None:
        """From here on."""
        forget_peak()
        self.before, self.ends = peak_memory()["peak_memory_mib"], [time.perf_counter()]

    def step(self, session: object) -> None:
        """One more."""
        self.ends.append(time.perf_counter())


def measure(shards: int, over: str | None) -> None:
    """Print memory in MiB and seconds per step, where this process is the first."""
    x = torch.randint(0, 256, (3 * BATCH, *SHAPE), dtype=torch.uint8, generator=generator(0, "pixels"))
    data = Dataset("noise", *(Split(part) for part in x.split(BATCH)), data_shape=SHAPE, scale=255.0)
    config = VAEConfig(network="conv", likelihood="normal") if over is None else GANConfig(network="conv")
    model = build_model(config, SHAPE, Traits(data_shape=SHAPE, range=(0.0, 1.0)))
    clock = Clock()
    settings = {"steps": STEPS, "batch_size": BATCH, "shards": shards, "batch_norm_over": over or "shard"}
    reparam.fit(model, data, progress=Silent(), callbacks=[clock], **settings)
    if os.environ.get("RANK", "0") != "0":
        return  # others have no callbacks
    seconds = [later - sooner for sooner, later in zip(clock.ends[1:], clock.ends[2:], strict=False)]
    memory = peak_memory()["peak_memory_mib"] - clock.before
    print(json.dumps({"memory": memory, "seconds": sorted(seconds)[len(seconds) // 2]}))


def line(shards: int, processes: int, over: str | None) -> str:
    """A row of the table."""
    start = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)] if processes > 1 else []
    command = [sys.executable, *start, __file__, "--shards", str(shards), *(["--over", over] if over else [])]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    out = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
    found = json.loads(out.decode().strip().splitlines()[-1])
    return f"| {f'{over} | ' if over else ''}{shards} | {processes} | {found['memory']:,.0f} | {found['seconds']:.2f} |"


def main() -> None:
    """Print the table, or what one process has measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shards", type=int, help="measure these alone, in this process")
    parser.add_argument("--norms", action="store_true", help="of a game with batch norms, over shard and over batch")
    parser.add_argument("--over", choices=("shard", "batch"), help="with --shards: of that game")
    options = parser.parse_args()
    if options.shards is not None:
        measure(options.shards, options.over)
        return
    first = ("norms over | ", "---|") if options.norms else ("", "")
    print(f"| {first[0]}shards | processes | MiB of one process | s per step |\n|{first[1]}---|---|---|---|")
    for over in ("shard", "batch") if options.norms else (None,):
        for tried in NORMED if options.norms else TRIED:
            print(line(*tried, over), flush=True)


if __name__ == "__main__":
    main()
