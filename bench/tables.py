"""Prints the measurements: the machine, seconds, ratios, and what was done to get them."""

from statistics import median
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from bench.plan import RACES, Job
from bench.ratios import Ratio, pays_from

NOTES = (
    "Each contender ran in its own process, in rotation. Seconds are per 50,000 images: medians over the measured "
    "epochs of all rounds, the warm-up epochs (which hold compilation) left out. Reparam, (c) and (e) drop the "
    "last incomplete batch and are scaled up to 50,000 images.",
    "(a) trains on grey values in memory, its own defaults but for the batch, no evaluation set, no checkpoints. "
    "(b) trains on grey values, each image made a Pillow image, then a tensor. (c) and reparam binarize afresh at "
    "each step. Reparam's own validation is not part of its epochs.",
    "Time to the bound: wall clock from starting the process, imports and reading included, installing not. The "
    "test ELBO (one draw of z, analytic KL; the same test images for both, binarized once from a seed) is read "
    "after each epoch, off the clock. Reparam runs fit's default settings, its validation on the clock.",
    "pythae races twice, at its default learning rate and at 1e-3, which suits this problem better. Both times its "
    "training images are binarized afresh before each epoch in one vectorized call, which its trainer does not do by "
    "itself, so that it maximizes the bound it is judged by. Where it stopped at the cap, the ratio is a lower "
    "bound, written '>'.",
)


def _number(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def seconds_table(jobs: list[Job], epochs: dict[str, list[float]], errors: dict[str, str]) -> Table:
    """One row a contender and batch: the median, the extremes, the number of epochs."""
    table = Table("contender", "batch", "s/epoch", "fastest", "slowest", "epochs", title="Seconds per epoch")
    for job in jobs:
        times = epochs[job.key]
        row = [f(times) if times else None for f in (median, min, max)]
        told = escape(errors.get(job.key) or str(len(times)))
        table.add_row(job.contender.label, str(job.batch), *map(_number, row), told)
    return table


def targets_table(targets: dict[str, dict[str, Any]], elbo: float) -> Table:
    """Seconds, epochs and the last test ELBO of each contender that aimed at the bound."""
    table = Table("contender", "batch", "seconds", "epochs", "test ELBO", "", title=f"To test ELBO {elbo:g} nats")
    for name, told in targets.items():
        state = escape(told.get("error") or ("reached" if told["reached"] else "NOT reached"))
        row = [_number(told.get("seconds"), 1), str(len(told.get("trace", []))), _number(told.get("elbo"), 2)]
        table.add_row(RACES[name].label, str(told.get("batch", "-")), *row, state)
    return table


def profiles_table(profiles: dict[str, dict[str, Any]], labels: dict[str, str]) -> Table:
    """Where the milliseconds of a step go: products, what is not products, and what is between the operations."""
    parts = list(dict.fromkeys(part for told in profiles.values() for part in told.get("milliseconds", {})))
    table = Table("ms a step", *map(escape, labels.values()), title="Where a step's time goes (the profiler slows it)")
    for part in parts:
        table.add_row(part, *(_number(told.get("milliseconds", {}).get(part)) for told in profiles.values()))
    return table


def compiling(profiles: dict[str, dict[str, Any]]) -> list[str]:
    """From how many steps on compiled losses pay, by batch and precision."""
    lines = []
    for key, told in profiles.items():
        usual = profiles.get(key.replace("fused", "ours"), {}).get("milliseconds")
        if key.startswith("fused") and usual and "milliseconds" in told:
            steps = pays_from(usual, told["milliseconds"])
            pays = "does not pay" if steps is None else f"pays from {steps:,.0f} steps on"
            first = told["milliseconds"]["a step, the first"] / 1000
            lines.append(f"{key}: {pays} (the first step took {first:.1f} s; with an empty cache it takes longer)")
    return lines


def ratios_table(ratios: list[Ratio]) -> Table:
    """How many times reparam is faster, the aim, and whether it was met."""
    table = Table("ratio", "medians", "fastest epochs", "target", "", title="How many times faster reparam is")
    for ratio in ratios:
        sign = "> " if ratio.bound and ratio.value else ""
        aim = f">= {ratio.target:g}" if ratio.target else ""
        table.add_row(ratio.label, sign + _number(ratio.value, 2), _number(ratio.fastest, 2), aim, ratio.verdict)
    return table


def show(lines: list[str], tables: list[Table], found: list[str]) -> None:
    """The machine's lines, the tables, what was found besides, the notes."""
    console = Console()
    console = console if console.is_terminal else Console(width=120)
    for line in lines:
        console.print(line, highlight=False)
    for table in tables:
        console.print(table)
    for line in found:
        console.print(escape(line), highlight=False)
    for note in NOTES:
        console.print(f"- {note}", highlight=False)
