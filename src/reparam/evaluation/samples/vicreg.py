"""The loss of a self-supervised network: variance, invariance and covariance (Bardes, Ponce & LeCun 2022)."""

from torch import Tensor
from torch.nn.functional import mse_loss, relu

from reparam.errors import UserError

INVARIANCE, VARIANCE, COVARIANCE = 25.0, 25.0, 1.0
"""The authors' weights."""
SMALL = 1e-4


def vicreg_loss(a: Tensor, b: Tensor) -> dict[str, Tensor]:
    """How far two views of the same examples are apart, and how far the codes are from being spread and uncorrelated.

    Of codes a and b ``(n, d)`` of two views (equations 1 to 6): the mean squared difference; the mean over dimensions
    of max(0, 1 − √(Var + 10⁻⁴)), which keeps codes from collapsing into one; and the sum of squared covariances of
    different dimensions over d, which keeps dimensions from telling the same. No example is pushed away from another,
    so that the size of a batch hardly matters, and nothing is said of classes.

    Returns:
        ``loss``, 25 invariance + 25 variance + covariance, and these three: scalars.

    Raises:
        UserError: if the codes differ in shape, or are fewer than two.

    >>> import torch
    >>> x = torch.tensor([[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]])
    >>> [round(float(term), 4) for term in vicreg_loss(x, x).values()]
    [0.0, 0.0, 0.0, 0.0]
    """
    if a.shape != b.shape or a.dim() != 2 or len(a) < 2:
        raise UserError(
            f"codes of two views are (n, d) both, with n at least 2, not {tuple(a.shape)} and {tuple(b.shape)}"
        )
    invariance = mse_loss(a, b)
    variance = _collapsed(a) + _collapsed(b)
    covariance = _correlated(a) + _correlated(b)
    loss = INVARIANCE * invariance + VARIANCE * variance + COVARIANCE * covariance
    return {"loss": loss, "invariance": invariance, "variance": variance, "covariance": covariance}


def _collapsed(codes: Tensor) -> Tensor:
    return relu(1 - (codes.var(0) + SMALL).sqrt()).mean() / 2  # halved, as in the authors' code


def _correlated(codes: Tensor) -> Tensor:
    centred = codes - codes.mean(0)
    covariance = centred.T @ centred / (len(codes) - 1)
    return (covariance.square().sum() - covariance.diagonal().square().sum()) / codes.shape[1]
