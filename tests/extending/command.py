"""A command of one's own: how many numbers the models of runs hold."""

from dataclasses import dataclass
from pathlib import Path

from tyro.conf import Positional

from reparam.cli.parse import emit, parse


@dataclass
class SizeOptions:
    """Options of ``reparam size``."""

    runs: Positional[tuple[Path, ...]]
    """Run folders."""
    json: bool = False
    """Print the result as JSON."""


def run(command, argv):
    """Count, and print."""
    options = parse(SizeOptions, command, argv, "Count the numbers of models.", ["reparam size runs/vae"])
    from reparam.training import load

    sizes = {str(run): sum(p.numel() for p in load(run).model.parameters()) for run in options.runs}
    emit(options.json, sizes, "\n".join(f"{name}: {size:,}" for name, size in sizes.items()))
