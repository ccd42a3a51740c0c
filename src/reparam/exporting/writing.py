"""``reparam.export``: a part of a run's model as a file that other programs run, tried against the model itself."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from reparam import checks
from reparam._version import __version__
from reparam.errors import UserError
from reparam.exporting.columns import columns_in, told_of
from reparam.exporting.forms import FORMS, Runner, traced
from reparam.exporting.parts import PARTS, Part, Port, Taken, taken
from reparam.files import raw, write_result
from reparam.hardware import exact
from reparam.models.protocols import HasLikelihood, can
from reparam.randomness import noise
from reparam.runs.given import as_run
from reparam.runs.run import Run

BATCHES = (1, 2, 5)
"""Sizes of the batches by which a file is tried."""
AGREES = 1e-4
"""How far what a file gives may be from the model, beside 1 and the value's own size: float32 in another order."""


@dataclass(frozen=True)
class Exported:
    """A file that was written.

    Attributes:
        path: of it.
        to: the form.
        part: of the model.
        inputs: what goes in.
        outputs: what comes out.
        said: all that the file says of itself.
        difference: the largest from the model on random inputs, beside 1 and the value's size; None: not tried.
        tried_by: what ran it.
    """

    path: Path
    to: str
    part: str
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    said: dict[str, Any]
    difference: float | None
    tried_by: str

    def __str__(self) -> str:
        ports = [f"  in   {port}" for port in self.inputs] + [f"  out  {port}" for port in self.outputs]
        untried = f"not tried: {self.tried_by}"
        tried = untried if self.difference is None else f"{self.tried_by} agrees with torch to {self.difference:.1e}"
        columns = [f"  {told_of(column)}" for column in self.said.get("columns", ())]
        return "\n".join([str(self.path), *ports, *columns, f"  {tried}"])

    def json(self) -> dict[str, Any]:
        """The same as JSON can hold it."""
        return {**self.said, "path": str(self.path), "difference": self.difference, "tried_by": self.tried_by}


def export(
    run: Run | str | Path,
    out: str | Path | None = None,
    *,
    to: str = "onnx",
    part: str | None = None,
    force: bool = False,
) -> Exported:
    """Write a part of a run's model so that it runs without reparam, for batches of any size.

    Args:
        run: a trained run, or its folder.
        out: the file; in the working directory, by the part's name, unless given.
        to: ``"onnx"`` (extra ``reparam[onnx]``) or ``"torch-export"``.
        part: ``"decoder"``, ``"encoder"``, ``"generator"`` or ``"discriminator"``; the first that the model has unless
            given.
        force: write over a file that reparam did not make.

    Returns:
        What was written, and how far it is from the model on random inputs (onnxruntime, where it is installed).

    Raises:
        UserError: if the model has no such part, or what was written gives other values.
    """
    checks.one_of("to", to, FORMS)
    run, form = as_run(run), FORMS[to]
    model = run.model.to("cpu").eval()
    part = _usual(run) if part is None else part
    found = taken(model, part, _numbers(run))
    path = Path(f"{part}{form.ending}" if out is None else out)
    if path.suffix != form.ending:
        raise UserError(f"out={path} will not do for to={to!r}: name it {form.ending}")
    example = _example(found, 2, run)
    said = _said(run, to, part, found)
    names = [[port.name for port in ports] for ports in (found.inputs, found.outputs)]
    content = form.write(traced(Part(model, found.function, example), example), names[0], names[1], said)
    runner = form.runner(content)
    difference = None if runner is None else _difference(runner, found, run)
    if difference is not None and not difference <= AGREES:
        raise UserError(f"what {to} makes of the {part} is {difference:.1e} from what torch gives, and is not written: "
                        "take another form, and please report it")  # fmt: skip
    write_result(path, raw(content), force)
    by = "onnxruntime" if to == "onnx" else "torch.export"
    untried = "onnxruntime is not installed (pip install 'reparam[onnx]')"
    return Exported(path, to, part, found.inputs, found.outputs, said, difference, untried if runner is None else by)


def _usual(run: Run) -> str:
    """The first part that a model has."""
    for part in PARTS:
        try:
            taken(run.model, part, "")
        except UserError:
            continue
        return part
    raise UserError(f"a {type(run.model).__name__} has none of {', '.join(PARTS)}: nothing of it is exported")


def _example(found: Taken, n: int, run: Run) -> tuple[Tensor, ...]:
    with noise(0, "export", n):
        return tuple(port.random(n, max(1, len(run.record.classes))) for port in found.inputs)


@exact()
@torch.no_grad()
def _difference(runner: Runner, found: Taken, run: Run) -> float:
    """The largest difference between what a file and the model give, on batches of several sizes."""
    worst = 0.0
    for n in BATCHES:
        inputs = _example(found, n, run)
        for given, own in zip(runner(inputs), found.function(*inputs), strict=True):
            expected = own.numpy()
            worst = max(worst, float(np.max(np.abs(given - expected) / (1 + np.abs(expected)))))
            if given.shape != expected.shape or not np.isfinite(given).all():
                return float("inf")
    return worst


def _numbers(run: Run) -> str:
    """What the numbers of x are, in words."""
    record = run.record
    if record.schema is not None:
        return "a row of the table as entries u, each column's as said below"
    if record.binary:
        return (
            "0 or 1 (a mean lies between)" if record.binarization == "none" else "grey values from 0 to 1 made 0 or 1"
        )
    if record.scale != 1:
        return f"the data's numbers divided by {record.scale:g}"
    return "in the data's own numbers"


def _said(run: Run, to: str, part: str, found: Taken) -> dict[str, Any]:
    """What a file says of itself."""
    likelihood = type(run.model.likelihood).__name__ if can(run.model, HasLikelihood) else None
    return {
        "part": part,
        "of": type(run.model).__name__,
        "inputs": [asdict(port) for port in found.inputs],
        "outputs": [asdict(port) for port in found.outputs],
        "likelihood": likelihood,
        "data": {
            "name": run.record.name,
            "shape": list(run.record.data_shape),
            "scale": run.record.scale,
            "classes": list(run.record.classes),
        },
        **({} if run.record.schema is None else {"columns": columns_in(run.record.schema)}),
        "step": run.step,
        "to": to,
        "made_by": f"reparam {__version__}, torch {torch.__version__}",
    }
