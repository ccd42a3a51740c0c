"""What a notebook shows of a run."""

import base64
from html import escape

from reparam.errors import UserError
from reparam.evaluation.given_back import sample
from reparam.networks import count_parameters
from reparam.runs.run import Run
from reparam.terminal import harmless

ROW = '<tr><th style="text-align: left">{}</th><td style="text-align: left">{}</td></tr>'


def in_a_cell(run: Run, n: int) -> str:
    """A run as HTML: what it is, what it reached, and ``n`` samples where it has any.

    Args:
        run: to be shown.
        n: how many samples.
    """
    shape = " × ".join(map(str, run.record.data_shape))
    facts = {
        "model": f"{type(run.model).__name__}, {count_parameters(run.model):,} parameters",
        "data": f"{run.record.name}, {shape}",
        "weights": "of the last step" if run.step is None else f"of step {run.step:,}",
        "test": ", ".join(f"{name} {value:.2f}" for name, value in run.test.items() if value is not None),
        "folder": run.folder.name if run.folder else "none: it is in memory",
    }
    rows = "".join(ROW.format(name, escape(harmless(told))) for name, told in facts.items() if told)
    return f"<table>{rows}</table>{_samples(run, n)}"


def _samples(run: Run, n: int) -> str:
    """Their picture; nothing of a model that has none."""
    try:
        drawn = sample(run, n)
    except UserError:
        return ""
    png = drawn._repr_png_()
    if png is None:
        return ""
    source = base64.b64encode(png).decode()
    return f'<img alt="{n} samples" style="max-width: 28em" src="data:image/png;base64,{source}">'
