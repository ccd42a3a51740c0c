"""Where features come from: networks (shipped, published, trained here, the user's), random filters, or the values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from reparam.data import Dataset, at_once
from reparam.distributions.columns import Category, Family
from reparam.door import read_json
from reparam.errors import UserError
from reparam.evaluation.samples.classifier import FEATURES, WEIGHTS, digit_classifier, fits_classifier
from reparam.evaluation.samples.dinov2 import Dinov2
from reparam.evaluation.samples.inception import Inception
from reparam.evaluation.samples.random_conv import random_conv
from reparam.evaluation.samples.self_supervised import self_supervised
from reparam.hardware import exact
from reparam.randomness import noise

Choice = Literal["auto", "raw", "random-conv", "self", "inception", "dinov2"]
MOST_COLUMNS = 256
"""Raw features beyond so many are reduced to as many principal components: covariances grow with their square."""


@dataclass(frozen=True)
class Features:
    """A fixed map from examples to vectors, and its name for the record.

    Call it with x ``(n, *data_shape)`` in the data's range; it gives finite float32 ``(n, width)`` on the CPU.

    Attributes:
        name: as it stands in captions.
        kind: ``digits``, ``module`` (any other map that is not the values) or ``raw``.
        key: names the map for good: features of many real examples are then kept between calls, and read where the same
            examples are asked for (:mod:`reparam.evaluation.samples.feature_cache`). Another network needs another key.
    """

    name: str
    kind: Literal["digits", "module", "raw"]
    extract: Callable[[Tensor], Tensor] = field(repr=False)
    key: str | None = field(default=None, repr=False)

    @exact()
    @torch.no_grad()
    def __call__(self, x: Tensor) -> Tensor:
        """Features of x, in batches.

        Raises:
            UserError: if x is empty, or a feature is not a finite number.
        """
        if x.dim() < 2 or len(x) == 0:
            raise UserError(f"features are taken of examples (n, *shape) with n at least 1, not of {tuple(x.shape)}")
        parts = torch.split(x, at_once(x.shape[1:]))
        found = torch.cat([self.extract(part.float()).float().flatten(1).cpu() for part in parts])
        wrong = ~torch.isfinite(found).all(1)
        if wrong.any():
            raise UserError(
                f"{int(wrong.sum())} of {len(x)} examples have features that are not finite ({self.name}), the first "
                f"in row {int(wrong.nonzero()[0])}: remove or mend them"
            )
        return found


Asked = nn.Module | Callable[[Tensor], Tensor] | Features | Choice
"""A network or a function of the user's from x ``(n, *data_shape)`` to features ``(n, ...)``, or a choice of ours."""


def choose_features(choice: Asked, data: Dataset, x: Tensor, seed: int = 0) -> Features:
    """The features to measure with.

    Args:
        choice: a network or function of the user's, or :class:`Features`, which may have a key of their own; ``raw``
            (of tables, what :func:`row_features` gives); ``auto``: the digit network for 1×28×28 images in [0, 1], else
            raw; ``random-conv`` for images, see :func:`reparam.evaluation.samples.random_conv.random_conv`; ``self``
            for images, see :func:`reparam.evaluation.samples.self_supervised.self_supervised`;
            ``inception`` or ``dinov2`` for images in [0, 1], see
            :class:`reparam.evaluation.samples.inception.Inception` and
            :class:`reparam.evaluation.samples.dinov2.Dinov2`.
        data: what is measured on.
        x: real examples ``(n, *data_shape)`` that raw and random features are standardized by.
        seed: of the search for principal components, of random filters, and of a network's training.

    Raises:
        UserError: if the choice is none of these, or a published network cannot be had or does not apply.
    """
    if choice in ("inception", "dinov2"):
        _visible(data, choice)  # before its weights are looked for
    choice = ready(choice)
    if isinstance(choice, Inception | Dinov2):
        _visible(data, "inception" if isinstance(choice, Inception) else "dinov2")
        return replace(module_features(choice), name=choice.title, key=choice.title)
    if isinstance(choice, Features):
        return choice
    if isinstance(choice, nn.Module):
        return module_features(choice)
    if callable(choice):
        return function_features(choice)
    if choice == "random-conv":
        if not data.is_image:
            raise UserError(f"random-conv sees images, and {data.name!r} holds none: take features auto or raw")
        name, extract = random_conv(x, seed)
        return Features(name, "module", extract)
    if choice == "self":
        name, extract = self_supervised(data, seed)
        return Features(name, "module", extract, key=name)
    if choice == "auto" and fits_classifier(data):
        return digit_features()
    return raw_features(x, seed) if data.table is None else row_features(data.table.families, x, seed)


def ready(choice: Asked, weights: str | Path | None = None) -> Asked:
    """The choice, with a published network's weights loaded: once for all that is measured with it.

    Args:
        choice: as :func:`choose_features` takes it.
        weights: of DINOv2; unless given, the file that a variable names.

    Raises:
        UserError: if it is none that there is, or its weights cannot be had.
    """
    if isinstance(choice, str):
        if choice not in get_args(Choice):
            raise UserError(f"features {choice!r} are unknown: give {', '.join(get_args(Choice))}, or an nn.Module")
        if choice == "dinov2":
            return Dinov2(weights)
        if choice == "inception":
            return Inception()
    elif not callable(choice):
        raise UserError(f"features {choice!r} are unknown: give {', '.join(get_args(Choice))}, or an nn.Module")
    return choice


def digit_features() -> Features:
    """The 96 numbers of the shipped digit network's last hidden layer; values are clamped to [0, 1] first."""
    name = f"the shipped digit network's last hidden layer, {FEATURES} numbers"
    key = f"digits {read_json(WEIGHTS.with_suffix('.json'))['sha256']}"
    return Features(name, "digits", lambda x: digit_classifier().features(x.clamp(0, 1)), key)


def module_features(module: nn.Module) -> Features:
    """What a module makes of x ``(batch, *data_shape)``, flattened; it is called in evaluation mode, where it is.

    >>> module_features(nn.Flatten())(torch.zeros(2, 1, 3, 3)).shape
    torch.Size([2, 9])
    """

    def extract(x: Tensor) -> Tensor:
        training = module.training
        like = next(module.parameters(), x)
        try:
            found: Tensor = module.eval()(x.to(like))
        finally:
            module.train(training)
        return found

    return Features(f"the output of a {type(module).__name__}", "module", extract)


def function_features(function: Callable[[Tensor], Tensor]) -> Features:
    """What a function of the user's makes of x ``(batch, *data_shape)`` on the CPU, flattened.

    >>> function_features(lambda x: x.mean((2, 3)))(torch.zeros(2, 3, 5, 5)).shape
    torch.Size([2, 3])
    """
    name = getattr(function, "__qualname__", type(function).__name__)

    def extract(x: Tensor) -> Tensor:
        found = function(x)
        if not isinstance(found, Tensor) or found.dim() < 2 or len(found) != len(x):
            what = f"a tensor of shape {tuple(found.shape)}" if isinstance(found, Tensor) else type(found).__name__
            raise UserError(f"features={name} made {what} of {len(x)} examples: return a tensor ({len(x)}, width)")
        return found

    return Features(f"what {name} gives", "module", extract)


def _visible(data: Dataset, choice: str) -> bool:
    """Refuse what a published network cannot look at."""
    low, high = data.range
    if not (data.is_image and data.data_shape[0] in (1, 3) and low >= 0 and high <= 1):
        name = {"inception": "Inception", "dinov2": "DINOv2"}[choice]
        raise UserError(
            f"{name} sees grey and colour images in [0, 1], and {data.name!r} holds examples of shape "
            f"{tuple(data.data_shape)} from {low:g} to {high:g}: take features auto or raw"
        )
    return True


@exact()
def raw_features(x: Tensor, seed: int = 0) -> Features:
    """The values themselves, flattened and standardized by real examples x ``(n, *data_shape)``.

    Columns of vectors have a mean and a deviation each, the pixels of an image one per channel (a pixel that is nearly
    always dark would blow up otherwise). More than 256 columns become the 256 leading principal components of x.

    >>> raw_features(torch.tensor([[1.0, 5.0], [3.0, 5.0]]))(torch.tensor([[3.0, 6.0]]))
    tensor([[1., 1.]])
    """
    over = (0, 2, 3) if x.dim() == 4 else (0,)
    mean = x.float().mean(over, keepdim=True)
    deviation = x.float().std(over, correction=0, keepdim=True)
    deviation = torch.where(deviation > 0, deviation, 1.0)

    kind = "pixels" if x.dim() == 4 else "columns"
    return _affine(mean, deviation, f"raw {kind}, standardized", x, seed)


@exact()
def row_features(families: Sequence[Family], x: Tensor, seed: int = 0) -> Features:
    """Rows of a table ``(n, width)`` in units of their own, so that two levels of a category are 1 apart.

    A deviation of its own would make of a rare level the largest difference there is.

    >>> from reparam.distributions.columns import Category, Number
    >>> x = torch.tensor([[0.5, 1.0, 0.0], [0.5, 0.0, 1.0]])
    >>> torch.cdist(*row_features([Number(), Category()], x)(x).split(1))
    tensor([[1.0000]])
    """
    counted = [entry for family in families for entry in _counted(family)]
    deviation = torch.where(torch.tensor(counted), 1.0, 2**0.5)
    return _affine(torch.zeros(len(counted)), deviation, "columns of the table in units of their spread", x, seed)


def _counted(family: Family) -> list[bool]:
    """Of each entry of a column, whether it is a number: codes and what says that a cell is missing are none."""
    return [not isinstance(family, Category)] * family.width + [False] * family.missing


def _affine(mean: Tensor, deviation: Tensor, what: str, x: Tensor, seed: int) -> Features:
    """Values less a mean in units of a deviation, or what matters of them in x where they are too many."""

    def standardize(values: Tensor) -> Tensor:
        return ((values.cpu() - mean) / deviation).flatten(1)

    columns = x[0].numel()
    if columns <= MOST_COLUMNS:
        return Features(f"{what} ({columns})", "raw", standardize)
    centre, directions, share = _principal(standardize(x), min(MOST_COLUMNS, len(x) - 1), seed)
    name = f"{what}, their {directions.shape[1]} leading principal components ({share:.0%} of variance)"
    return Features(name, "raw", lambda values: (standardize(values) - centre) @ directions)


def _principal(x: Tensor, count: int, seed: int) -> tuple[Tensor, Tensor, float]:
    """The mean ``(columns,)``, the leading directions ``(columns, count)``, and their share of the variance."""
    centre = x.mean(0)
    with noise(seed, "features", "principal components"):
        _, singular, directions = torch.svd_lowrank(x - centre, q=count, niter=4)
    return centre, directions, float(singular.square().sum() / (x - centre).square().sum())
