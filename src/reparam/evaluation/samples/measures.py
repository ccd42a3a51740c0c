"""The table of further measures of samples: one more is a file with a function, and a line here."""

from collections.abc import Callable
from dataclasses import fields

import torch

from reparam.errors import UserError
from reparam.evaluation.samples.authenticity import authentic
from reparam.evaluation.samples.compared import Compared
from reparam.evaluation.samples.feature_likelihood import likely
from reparam.evaluation.samples.scorecard import Score, Scorecard
from reparam.evaluation.samples.sliced_wasserstein import sliced
from reparam.evaluation.samples.vendi import vendi
from reparam.hardware import exact

Measure = Callable[[Compared], Score]

MEASURES: dict[str, Measure] = {
    "sliced_wasserstein": sliced,
    "vendi": vendi,
    "authenticity": authentic,
}
"""By the name that each has in JSON; those that need more than these are given are the fields of a scorecard."""

SLOW: dict[str, Measure] = {"feature_likelihood": likely}
"""Those that take seconds a sample, and are taken where ``all_measures`` is asked for."""


@exact()
@torch.no_grad()
def further(compared: Compared, slow: bool = False) -> dict[str, Score]:
    """What every measure of the table comes to, and of the slow ones.

    Raises:
        UserError: if one would hide a measure of ours in JSON.
    """
    asked = MEASURES | (SLOW if slow else {})
    hidden = asked.keys() & {field.name for field in fields(Scorecard)}
    if hidden:
        raise UserError(f"MEASURES has {min(hidden)!r}, which is ours already: give yours another name")
    return {name: measure(compared) for name, measure in asked.items()}
