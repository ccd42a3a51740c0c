"""Reconstructions as arrays."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch

from reparam import checks
from reparam.data.columns.form import Table
from reparam.data.picture import AS_IT_IS, Picture
from reparam.evaluation.codes.encoding import codes_of, decode_mean, examples, pick
from reparam.evaluation.tables.vectors import vector_table
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
    """Examples, the decoder's mean at their codes, each ``(n, *data_shape)``, and the codes ``(n, latent)``.

    ``look``: how images are drawn.
    """

    x: Array
    reconstruction: Array
    z: Array
    look: Picture = AS_IT_IS

    @property
    def title(self) -> str:
        """How many."""
        seen = self.look.caption(self.x.shape[1]) if self.x.ndim == 4 else ""
        return f"{len(self.x):,} examples and their reconstructions{seen}"

    def table(self) -> Table:
        """Of vectors what became of them, as columns x1, x2, ...

        Raises:
            UserError: if they are images.
        """
        return vector_table(self.reconstruction)

    def figure(self) -> "Figure":
        """Images above what was made of them; of vectors, pairs of columns over each other."""
        from reparam import plots

        if self.x.ndim == 4:
            return plots.reconstructions(self.look(self.x[:MOST_SHOWN]), self.look(self.reconstruction[:MOST_SHOWN]))
        title = "Examples (grey) and their reconstructions"
        return plots.pair_plot(self.reconstruction, reference=self.x, title=title)


@exact()
@torch.no_grad()
def reconstructed(run: Run, n: int, seed: int, x: torch.Tensor | None) -> Reconstructions:
    """What :func:`reparam.reconstruct` does."""
    checks.whole("n", n)
    if x is None:
        chosen = pick(run.data.test, n, generator(seed, "reconstruct"))
        seen = torch.cat(list(examples(chosen, run.data)))
    else:
        seen = x
    z = codes_of(run.model, seen)
    back = run.record.given_back
    again = decode_mean(run.model, z).numpy()
    return Reconstructions(back(seen.numpy()), back(again), z.numpy(), run.record.drawn)
