"""A figure of one's own, its half that knows runs: how long the samples of a run are."""

from dataclasses import dataclass

import numpy as np

from reparam.evaluation import sample
from reparam.result import Arrays


@dataclass(frozen=True, repr=False)
class Lengths(Arrays):
    """Norms of samples, ``lengths`` ``(n,)``."""

    lengths: np.ndarray

    @property
    def title(self):
        """Of how many."""
        return f"Lengths of {len(self.lengths)} samples"

    def figure(self):
        """How they are spread."""
        from extending.picture import spread

        return spread(self.lengths, title=self.title)


def lengths(run, n=100, seed=0):
    """Draw samples, and measure them."""
    x = sample(run, n, seed).x
    return Lengths(np.linalg.norm(x.reshape(len(x), -1), axis=1))
