"""Reconstructions as arrays."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from reparam import checks
from reparam.data import examples_of
from reparam.evaluation.codes.encoding import codes_of, decode_mean, examples, pick
from reparam.hardware import exact
from reparam.randomness import generator
from reparam.result import Arrays
from reparam.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = np.ndarray
MOST_SHOWN = 160
"""Images of a picture of reconstructions: the first, where there are more."""


@dataclass(frozen=True, repr=False)
class Reconstructions(Arrays):
    """Examples, the decoder's mean at their codes, each ``(n, *data_shape)``, and the codes ``(n, latent)``."""

    x: Array
    reconstruction: Array
    z: Array

    @property
    def title(self) -> str:
        """How many."""
        return f"{len(self.x):,} examples and their reconstructions"

    def figure(self) -> "Figure":
        """Images above what was made of them; of vectors, pairs of columns over each other."""
        from reparam import plots

        if self.x.ndim == 4:
            return plots.reconstructions(self.x[:MOST_SHOWN], self.reconstruction[:MOST_SHOWN])
        title = "Examples (grey) and their reconstructions"
        return plots.pair_plot(self.reconstruction, reference=self.x, title=title)


@exact()
@torch.no_grad()
def reconstructed(run: Run, n: int, seed: int, x: Any) -> Reconstructions:
    """What :func:`reparam.reconstruct` does."""
    checks.whole("n", n)
    if x is None:
        chosen = pick(run.data.test, n, generator(seed, "reconstruct"))
        seen = torch.cat(list(examples(chosen, run.data)))
    else:
        seen = examples_of(x, run.record)
    z = codes_of(run.model, seen)
    return Reconstructions(seen.numpy(), decode_mean(run.model, z).numpy(), z.numpy())
