"""Images per second of a convolutional GAN and a residual VAE: ours, the same networks in a plain loop, in Lightning.

    python -m bench.convolutional                     # some fifteen minutes; Lightning is in .bench-venv
    python -m bench.convolutional --no-peers          # without Lightning: installs nothing
    python -m bench.convolutional --channels-last     # ours and the plain loop with their weights so as well
    python -m bench.convolutional --side 64           # 3 x 64 x 64 instead of 1 x 28 x 28

Each in a process of its own, in rotation, in float32 and, where the processor multiplies it fast, bf16. Residual blocks
of ours always take their inputs with channels innermost. Ours is tried with an allocator that keeps what a step gives
back (glibc's), too. Last, what ours spends a step on, by torch's profiler.
"""

import argparse
import json
from pathlib import Path
from statistics import median
from typing import Any

import torch

from bench import processes
from bench.environment import ROOT
from bench.machine import describe, sentences
from bench.plan import Contender
from reparam.hardware import multiplies_bf16_fast

OURS, PLAIN = Contender("conv_ours", "reparam"), Contender("conv_plain_loop", "plain loop, DataLoader")
LIGHTNING = Contender("conv_lightning", "Lightning", peer=True)
Way = tuple[str, Contender, dict[str, object]]


def ways(model: str, precision: str, peers: bool, channels_last: bool = False) -> list[Way]:
    """Who is measured, and how."""
    flags: dict[str, object] = {"model": model, "precision": precision}
    listed: list[Way] = [("reparam", OURS, flags), ("reparam, memory kept", OURS, flags | {"kept-memory": True})]
    if model == "gan":
        listed.append(("reparam, shared samples", OURS, flags | {"shared-samples": True}))
        listed.append(("plain loop, shared samples", PLAIN, flags | {"shared-samples": True}))
    listed.append(("plain loop", PLAIN, flags))
    if channels_last:
        pair = (("reparam", OURS), ("plain loop", PLAIN))
        listed += [(f"{name}, channels last", who, flags | {"channels-last": True}) for name, who in pair]
    return listed + [("Lightning", LIGHTNING, flags)] * peers


def measured(listed: list[Way], chosen: argparse.Namespace) -> tuple[dict[str, list[float]], dict[str, str]]:
    """Images per second of each round, and what failed."""
    found: dict[str, list[float]] = {name: [] for name, _, _ in listed}
    errors: dict[str, str] = {}
    for number in range(chosen.rounds):
        for name, contender, flags in listed:
            common = {"side": chosen.side, "batch": chosen.batch, "seconds": chosen.seconds, "seed": number}
            told = processes.run(contender, **common, **flags)
            if "error" in told:
                errors[name] = told["error"]
            else:
                found[name].append(told["images_per_second"])
    return found, errors


def table(found: dict[str, list[float]]) -> list[str]:
    """Rows of medians, spreads and ratios to the plain loop."""
    plain = median(found["plain loop"]) if found["plain loop"] else float("nan")
    lines = ["| | images/s | fastest, slowest round | to the plain loop |", "|---|---|---|---|"]
    for name, rates in found.items():
        if rates:
            middle = median(rates)
            spread = f"{max(rates):,.0f}, {min(rates):,.0f}"
            lines.append(f"| {name} | {middle:,.0f} | {spread} | {middle / plain:.2f} |")
    return lines


def profile(model: str, precision: str, chosen: argparse.Namespace) -> dict[str, float]:
    """Milliseconds a step of ours by what is done."""
    flags = {"model": model, "precision": precision, "side": chosen.side, "batch": chosen.batch, "profile": True}
    told = processes.run(OURS, **flags)
    return {name: float(value) for name, value in told.get("milliseconds", {}).items()}


def shares(parts: dict[str, float]) -> str:
    """Words for a profile."""
    total = sum(parts.values()) or 1.0
    named = sorted(parts.items(), key=lambda part: -part[1])
    return ", ".join(f"{name} {value / total:.0%}" for name, value in named if value >= 0.005 * total)


def options() -> argparse.Namespace:
    """The flags."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0, help="measured of each a round")
    parser.add_argument("--side", type=int, default=28, help="of the square images: 28 in grey, else in colour")
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--models", nargs="+", choices=("gan", "vae"), default=["gan", "vae"])
    parser.add_argument("--no-peers", action="store_true", help="without Lightning")
    parser.add_argument("--channels-last", action="store_true", help="weights with channels innermost, too")
    parser.add_argument("--json", type=Path, default=ROOT / "bench" / "results" / "convolutional.json")
    return parser.parse_args()


def main() -> int:
    """Measure, print, write; only a contender that fails makes the exit code 1."""
    chosen, described = options(), describe()
    precisions = ["fp32", *["bf16"] * multiplies_bf16_fast(torch.device("cpu"))]
    print("\n".join(sentences(described, torch.__version__)))
    kept: dict[str, Any] = {"machine": described, "options": vars(chosen)}
    failed = False
    for model in chosen.models:
        for precision in precisions:
            found, errors = measured(ways(model, precision, not chosen.no_peers, chosen.channels_last), chosen)
            parts = profile(model, precision, chosen)
            print(f"\n{model}, {precision}, side {chosen.side}, batch {chosen.batch}\n" + "\n".join(table(found)))
            print(f"a step of ours: {shares(parts)}")
            for name, error in errors.items():
                print(f"{name}: {error}")
            failed = failed or bool(errors)
            kept[f"{model} {precision}"] = {"images_per_second": found, "milliseconds": parts, "errors": errors}
    chosen.json.parent.mkdir(parents=True, exist_ok=True)
    chosen.json.write_text(json.dumps(kept, indent=2, default=str) + "\n")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
