"""Seconds per epoch and peak memory on a GPU: the 784-400-20 VAE and a convolutional game, against PyTorch and JAX.

`python -m bench.gpu`, in whatever Python has torch for that GPU (and jax and optax, for theirs); contenders in
rotation, each in a process of its own; the game's images are 32 by 32. `--device cpu --images 512` tries it without.
"""

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from statistics import median
from typing import Any

import torch

from bench.machine import describe, sentences

OURS, PLAIN = ("--by", "reparam"), ("--by", "plain")
FORMATS = ("fp32", "tf32", "bf16")


def contenders(chosen: argparse.Namespace) -> Iterator[tuple[str, str, list[str]]]:
    """What is compared: the model, what it is called, the command."""
    for model in ("vae", "game"):
        for precision in chosen.formats:
            flags = ["--model", model, "--precision", precision, "--device", chosen.device]
            flags += ["--batch", str(chosen.batch), "--epochs", str(chosen.epochs)]
            flags += ["--images", str(chosen.images)] if chosen.images else []
            for name, more in (
                ("reparam", OURS),
                ("reparam, no graphs", (*OURS, "--no-graphs")),
                ("plain PyTorch", PLAIN),
            ):
                yield f"{model}, {precision}", name, ["bench.contenders.on_device", *flags, *more]
    if all(importlib.util.find_spec(name) for name in ("jax", "optax")) and not chosen.images:
        yield (
            "vae, fp32",
            "JAX, one scan",
            ["bench.contenders.jax_scan", "--batch", str(chosen.batch), "--epochs", str(chosen.epochs)],
        )


def measured(command: list[str]) -> dict[str, Any]:
    """A contender's answer."""
    # JAX would take three quarters of the card at once
    environment = os.environ | {"XLA_PYTHON_CLIENT_PREALLOCATE": "false"}
    answer = subprocess.run([sys.executable, "-m", *command], capture_output=True, text=True, env=environment)
    if answer.returncode:
        raise SystemExit(f"{' '.join(command)}:\n{answer.stderr[-2000:]}")
    told: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return told


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--epochs", type=int, default=3, help="measured epochs a round")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--formats", nargs="+", choices=FORMATS, default=["fp32", "bf16"])
    parser.add_argument("--images", type=int, help="the first so many alone")
    chosen = parser.parse_args()
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for _ in range(chosen.rounds):
        for what, name, command in contenders(chosen):
            print(f"{what}: {name} ...", file=sys.stderr, flush=True)
            found.setdefault((what, name), []).append(measured(command))
    print("\n".join(sentences(describe(), torch.__version__)))
    card = torch.cuda.get_device_name() if chosen.device.startswith("cuda") else platform.machine()
    print(f"{card}, batch {chosen.batch}")
    plain: dict[str, float] = {what: _seconds(told) for (what, name), told in found.items() if name == "plain PyTorch"}
    for (what, name), told in found.items():
        seconds, mib = _seconds(told), [one["mib"] for one in told if one.get("mib")]
        memory = f", {max(mib):.0f} MiB at most" if mib else ""
        fastest = min(value for one in told for value in one["epochs"])
        print(
            f"{what:<11} {name:<20} {seconds:8.3f} s/epoch (fastest {fastest:.3f}{memory}): "
            f"{plain[what] / seconds:.2f} times plain PyTorch"
        )


def _seconds(told: list[dict[str, Any]]) -> float:
    return median(value for one in told for value in one["epochs"])


if __name__ == "__main__":
    main()
