"""Are two samples from one distribution? A classifier's test, a kernel's test, and which features tell them apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from reparam import checks
from reparam.errors import UserError
from reparam.evaluation.columns_apart import Feature, Group, features_of, ranked
from reparam.evaluation.telling import NARROW, Kind, columns, fitted
from reparam.hardware import require_memory
from reparam.pace import work
from reparam.randomness import derive_seed

Array = NDArray[Any]
FEWEST = 40
MARGIN = 4.0
"""Standard deviations that the number held out of one sample may stray from half before it is cut off."""

MOST_PERMUTATIONS = 1_000_000


@dataclass(frozen=True)
class ClassifierTest:
    """A classifier two-sample test.

    ``accuracy``: share of the ``held_out`` points whose sample the classifier names. ``p_binomial``: the chance of so
    many or more successes in as many fair coin tosses. ``p_permutation``: the rank of the accuracy among those of
    permuted labels. ``features``: all of them, the most telling first.
    """

    accuracy: float
    held_out: int
    p_binomial: float
    p_permutation: float
    features: tuple[Feature, ...]


@dataclass(frozen=True)
class KernelTest:
    """A kernel two-sample test: unbiased squared MMD, the kernel's bandwidth, permutation p-value, points of both."""

    squared_mmd: float
    bandwidth: float
    p_value: float
    n: tuple[int, int]


def classifier_test(
    x: object,
    y: object,
    *,
    classifier: Kind = "network",
    permutations: int = 1000,
    seed: int = 0,
    features: bool = True,
    groups: Sequence[Group] | None = None,
) -> ClassifierTest:
    """Train a classifier to tell two samples apart, and judge it on points it has not seen (Lopez-Paz & Oquab 2017).

    As many points of each sample are used as the smaller has. Each held-out point is of the first or of the second
    sample by the toss of a coin, and the training sets have the same fixed size whatever the coins show. So under the
    null hypothesis the number of successes is binomial with probability ½, and the p-value exact.

    Args:
        x: ``(n, *shape)``, array or tensor, finite.
        y: ``(m, *shape)``.
        classifier: a small neural network, or logistic regression.
        permutations: of the held-out labels.
        seed: of the split, the classifier and the permutations.
        features: whether to rank the features (a prediction of all held-out points for each of them).
        groups: entries that are one feature, as the cells of a table are; each entry by itself unless given.

    Raises:
        UserError: if shapes differ, values are not finite, a sample has fewer than 40 points, the classifier is
            unknown, or nothing is permuted.
    """
    from scipy.stats import binomtest

    checks.one_of("classifier", classifier, ("network", "linear"))
    if checks.whole("permutations", permutations) > MOST_PERMUTATIONS:
        checks.refuse("permutations", permutations, f"give {MOST_PERMUTATIONS} at most, which tell a millionth")
    a, b = _paired(x, y)
    rng = np.random.default_rng(derive_seed(seed, "two-sample"))
    train, test, truth = _split(a, b, rng)
    judge = fitted(classifier, *train, seed)
    inside = judge.inside(test)
    guess = judge.decide(inside)
    successes = int((guess == truth).sum())
    permuted = []
    with work("permuting labels", permutations, "`permutations`") as add:
        for _ in range(permutations):
            permuted.append(int((guess == rng.permutation(truth)).sum()))
            add(1)
    return ClassifierTest(
        accuracy=successes / len(truth),
        held_out=len(truth),
        p_binomial=float(binomtest(successes, len(truth), 0.5, alternative="greater").pvalue),
        p_permutation=(1 + sum(count >= successes for count in permuted)) / (1 + permutations),
        features=ranked(judge, inside, test, truth, (a, b), groups or features_of(_shape(x)), rng) if features else (),
    )


def kernel_test(
    x: object,
    y: object,
    *,
    bandwidth: float | None = None,
    permutations: int = 500,
    most: int = 1000,
    seed: int = 0,
) -> KernelTest:
    """Maximum mean discrepancy with a Gaussian kernel, its p-value by permutation (Gretton et al. 2012, lemma 6).

    The squared MMD is the unbiased estimate, so it may be a little below 0. The p-value is exact for any sample size.
    Distances of more than 1,024 features are summed from products in float32.

    Args:
        x: ``(n, *shape)``, array or tensor, finite.
        y: ``(m, *shape)``.
        bandwidth: of exp(-‖x - y‖² / (2 bandwidth²)); the median distance in the pooled sample unless given.
        permutations: of the pooled sample.
        most: points of each sample that are used, at most; memory grows with its square.
        seed: of the choice of points and of the permutations.

    Raises:
        UserError: as :func:`classifier_test`, or if the bandwidth is not positive or fewer than 2 points are used.
    """
    if bandwidth is not None:
        checks.positive("bandwidth", bandwidth)
    checks.whole("permutations", permutations)
    checks.whole("most", most, 2)
    a, b = _paired(x, y)
    rng = np.random.default_rng(derive_seed(seed, "kernel"))
    n, m = (min(len(part), most) for part in (a, b))
    require_memory("permutations", permutations, 2 * (n + m))
    pooled = np.concatenate([part[rng.permutation(len(part))[:most]] for part in (a, b)])
    squares = _squared_distances(pooled)
    width = bandwidth or sqrt(float(np.median(squares[np.triu_indices(n + m, 1)]))) or 1.0
    kernel = np.exp(-squares / (2 * width**2))
    np.fill_diagonal(kernel, 0.0)
    members = np.zeros((n + m, permutations + 1))
    members[:n, 0] = 1.0
    with work("permuting the pooled sample", permutations, "`permutations`") as add:
        for column in range(1, permutations + 1):
            members[rng.permutation(n + m)[:n], column] = 1.0
            add(1)
    values = _squared_mmds(kernel, members)
    # rounding must not tell a permutation from the same value
    rank = 1 + int((values[1:] >= values[0] - 1e-12).sum())
    return KernelTest(float(values[0]), width, rank / (1 + permutations), (n, m))


def _squared_mmds(kernel: Array, members: Array) -> Array:
    """Unbiased squared MMDs of each column's members from the rest, ``(columns,)``; the kernel's diagonal is 0."""
    n = int(members[:, 0].sum())
    m = len(kernel) - n
    toward = kernel @ members
    within = (members * toward).sum(0)
    across = toward.sum(0) - within
    rest = kernel.sum() - 2 * across - within
    return np.asarray(within / (n * (n - 1)) + rest / (m * (m - 1)) - 2 * across / (n * m))


def _squared_distances(x: Array) -> Array:
    """``(n, n)`` of x ``(n, d)``, some columns at a time: all of them in float64 would be many times what was given."""
    dtype = np.float64 if x.shape[1] <= NARROW else np.float32
    products = np.zeros((len(x), len(x)))
    for part in columns(x):
        block = x[:, part].astype(np.float64)
        block = (block - block.mean(0)).astype(dtype)  # an offset would take digits from the differences
        products += block @ block.T
    norms = products.diagonal()
    return np.asarray(np.maximum(norms[:, None] + norms - 2 * products, 0.0))


def _paired(x: object, y: object) -> tuple[Array, Array]:
    """Both samples as finite numbers ``(n, d)``, in the types in which they came."""
    arrays = [_array(z) for z in (x, y)]
    if arrays[0].shape[1:] != arrays[1].shape[1:]:
        raise UserError(
            f"the samples hold examples of shape {arrays[0].shape[1:]} and {arrays[1].shape[1:]}: give two of one shape"
        )
    flat = []
    for name, array in zip(("first", "second"), arrays, strict=True):
        if array.ndim == 0 or len(array) < FEWEST:
            raise UserError(
                f"the {name} sample has {array.shape[0] if array.ndim else 0} points: give {FEWEST} or more"
            )
        if array.dtype.kind not in "biuf" or not np.isfinite(array).all():
            raise UserError(f"the {name} sample holds values that are not finite numbers: remove or mend them")
        flat.append(array.reshape(len(array), -1))
    both = np.result_type(*flat)
    return flat[0].astype(both, copy=False), flat[1].astype(both, copy=False)


def _array(x: object) -> Array:
    if not isinstance(x, torch.Tensor):
        return np.asarray(x)
    x = x.detach().cpu()
    # NumPy knows no bfloat16
    return (x.double() if x.dtype == torch.bfloat16 else x).numpy()


def _shape(x: object) -> tuple[int, ...]:
    """Of one example."""
    return tuple(getattr(x, "shape", None) or np.asarray(x).shape)[1:]


def _split(a: Array, b: Array, rng: np.random.Generator) -> tuple[tuple[Array, Array], Array, Array]:
    """Training points and labels, held-out points, and their labels."""
    n = min(len(a), len(b))
    a, b = (part[rng.permutation(len(part))[:n]] for part in (a, b))
    most = min(n - 2, ceil(n / 2 + MARGIN / 2 * sqrt(n)))
    truth = rng.integers(0, 2, n)
    ones = int(np.clip(truth.sum(), n - most, most))
    if ones != truth.sum():  # one time in ten thousand
        truth = rng.permutation(np.arange(n) < ones).astype(truth.dtype)
    test = np.empty((n, a.shape[1]), a.dtype)
    test[truth == 0], test[truth == 1] = a[: n - ones], b[:ones]
    train = np.concatenate([a[most:], b[most:]])
    return (train, np.repeat([0, 1], n - most)), test, truth
