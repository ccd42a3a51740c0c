"""The table of further measures of samples: one more is a file with a function, and a line here."""

from collections.abc import Callable
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from reparam.errors import UserError
from reparam.evaluation.samples.scorecard import Score, Scorecard
from reparam.hardware import exact


@dataclass(frozen=True)
class Compared:
    """What a measure is given: as many samples as examples of reference, in random order, on the CPU in float32.

    Attributes:
        samples: ``(n, *data_shape)``; of the floor's row real examples in their place.
        reference: ``(n, *data_shape)``.
        sample_features: ``(n, width)``.
        reference_features: ``(n, width)``.
        seed: of every choice and draw.
    """

    samples: Tensor
    reference: Tensor
    sample_features: Tensor
    reference_features: Tensor
    seed: int


Measure = Callable[[Compared], Score]

MEASURES: dict[str, Measure] = {}
"""By the name that each has in JSON; ours, which need more than these, are the fields of a scorecard."""


@exact()
@torch.no_grad()
def further(compared: Compared) -> dict[str, Score]:
    """What every measure of the table comes to.

    Raises:
        UserError: if one would hide a measure of ours in JSON.
    """
    hidden = MEASURES.keys() & {field.name for field in fields(Scorecard)}
    if hidden:
        raise UserError(f"MEASURES has {min(hidden)!r}, which is ours already: give yours another name")
    return {name: measure(compared) for name, measure in MEASURES.items()}
