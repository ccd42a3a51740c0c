"""``reparam export RUN``: a part of a run's model as a file that other programs run."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from tyro.conf import Positional

from reparam.cli.parse import Writes, emit, parse
from reparam.cli.targets import check_free


@dataclass
class ExportOptions(Writes):
    """Options of ``reparam export``."""

    run: Positional[Path]
    """The run folder."""
    to: Literal["onnx", "torch-export"] = "onnx"
    """The form: ONNX (extra reparam[onnx]) or torch.export's."""
    part: Literal["decoder", "encoder", "generator", "discriminator"] | None = None
    """What of the model; unless given, the decoder, or a game's generator."""
    out: Path | None = None
    """The file to write; by the part's name unless given."""
    json: bool = False
    """Print what was written as JSON."""


EXAMPLES = [
    "reparam export runs/vae --out decoder.onnx",
    "reparam export runs/vae --part encoder --out encoder.onnx",
    "reparam export runs/gan --to torch-export --part discriminator --out judge.pt2",
]
WHAT = """Write a part of a model so that it runs without reparam, for batches of any size: what goes in and comes out
is said here and in the file, and what the file gives is compared with the model."""


def run(command: str, argv: list[str]) -> int:
    """Write the part, and say what it takes and gives."""
    options = parse(ExportOptions, command, argv, WHAT, EXAMPLES)
    if options.out is not None:
        check_free([options.out], force=options.force)
    from reparam.exporting import export

    made = export(options.run, options.out, to=options.to, part=options.part, force=options.force)
    emit(options.json, made.json(), str(made))
    return 0
