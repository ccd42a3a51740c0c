"""How much of a mixture's modes a model's samples cover."""

import torch
from torch import Tensor

from reparam.data.density import ToyDensity

WITHIN = 3.0
SAMPLES = 2500


def coverage(x: Tensor, density: ToyDensity) -> dict[str, float]:
    """Modes covered, share of high-quality samples, and reverse KL of the mode weights.

    A sample is of high quality if it lies within three standard deviations of its nearest mode; a mode is covered if at
    least one high-quality sample is nearest to it (Srivastava et al. 2017, section 4.1, who judge 2,500 samples).
    ``reverse_kl`` is KL(shares of the high-quality samples ‖ true weights) in nats, infinite without such samples.

    Args:
        x: samples, ``(n, 2)``.
        density: one that has modes.

    >>> from reparam.data import load_data
    >>> data = load_data("ring")
    >>> result = coverage(data.test.x[:2500], data.density)
    >>> result["modes"], result["high_quality"] > 0.98, result["reverse_kl"] < 0.01
    (8.0, True, True)
    """
    x, modes = x.detach().cpu(), density.modes
    distance, nearest = torch.cdist(x.double(), modes).min(1)
    good = nearest[distance <= WITHIN * density.standard_deviation]
    counts = torch.bincount(good, minlength=len(modes)).double()
    shares = counts / counts.sum()
    weights = density.weights
    kl = torch.where(shares > 0, shares * (shares / weights).log(), 0.0).sum() if len(good) else torch.tensor(torch.inf)
    return {
        "modes": float((counts > 0).sum()),
        "high_quality": len(good) / len(x),
        "reverse_kl": float(kl),
    }
