"""Are two samples from one distribution? A classifier's test, a kernel's test, and which features tell them apart."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, prod, sqrt
from typing import Any, Literal

import numpy as np
import torch
from numpy.typing import NDArray

from reparam.errors import UserError
from reparam.randomness import derive_seed

Array = NDArray[Any]
Kind = Literal["network", "linear"]
FEWEST = 40
MARGIN = 4.0
"""Standard deviations that the number held out of one sample may stray from half before it is cut off."""


@dataclass(frozen=True)
class Feature:
    """How one feature differs between the samples.

    ``drop``: what the held-out accuracy loses when the feature's values are shuffled among the held-out points.
    ``distance``: the largest difference of both empirical distribution functions (Kolmogorov-Smirnov). ``p_value``: of
    that, corrected for the number of features (Bonferroni).
    """

    name: str
    drop: float
    distance: float
    p_value: float


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
    """A kernel two-sample test: unbiased squared MMD, the kernel's bandwidth, permutation p-value, points each."""

    squared_mmd: float
    bandwidth: float
    p_value: float
    n: int


def classifier_test(
    x: object,
    y: object,
    *,
    classifier: Kind = "network",
    permutations: int = 1000,
    seed: int = 0,
    features: bool = True,
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

    Raises:
        UserError: if shapes differ, values are not finite, or a sample has fewer than 40 points.
    """
    from scipy.stats import binomtest

    a, b = _paired(x, y)
    rng = np.random.default_rng(derive_seed(seed, "two-sample"))
    train, test, truth = _split(a, b, rng)
    model = _fitted(classifier, *train, seed)
    guess = np.asarray(model.predict(test))
    successes = int((guess == truth).sum())
    permuted = [int((guess == rng.permutation(truth)).sum()) for _ in range(permutations)]
    ranked = _features(model, test, truth, (a, b), _shape(x), rng) if features else ()
    return ClassifierTest(
        accuracy=successes / len(truth),
        held_out=len(truth),
        p_binomial=float(binomtest(successes, len(truth), 0.5, alternative="greater").pvalue),
        p_permutation=(1 + sum(count >= successes for count in permuted)) / (1 + permutations),
        features=ranked,
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

    Args:
        x: ``(n, *shape)``, array or tensor, finite.
        y: ``(m, *shape)``.
        bandwidth: of exp(-‖x - y‖² / (2 bandwidth²)); the median distance in the pooled sample unless given.
        permutations: of the pooled sample.
        most: points of each sample that are used; memory grows with its square.
        seed: of the choice of points and of the permutations.

    Raises:
        UserError: as :func:`classifier_test`, or if the bandwidth is not positive.
    """
    if bandwidth is not None and not bandwidth > 0:
        raise UserError(f"the bandwidth {bandwidth:g} makes no kernel: give a positive one, or leave it out")
    a, b = _paired(x, y)
    rng = np.random.default_rng(derive_seed(seed, "kernel"))
    n = min(len(a), most)
    pooled = np.concatenate([part[rng.permutation(len(part))[:n]] for part in (a, b)])
    squares = _squared_distances(pooled)
    width = bandwidth or sqrt(float(np.median(squares[np.triu_indices(2 * n, 1)]))) or 1.0
    kernel = np.exp(-squares / (2 * width**2))
    np.fill_diagonal(kernel, 0.0)
    members = np.zeros((2 * n, permutations + 1))
    members[:n, 0] = 1.0
    for column in range(1, permutations + 1):
        members[rng.permutation(2 * n)[:n], column] = 1.0
    values = _squared_mmds(kernel, members)
    # rounding must not tell a permutation from the same value
    rank = 1 + int((values[1:] >= values[0] - 1e-12).sum())
    return KernelTest(float(values[0]), width, rank / (1 + permutations), n)


def _squared_mmds(kernel: Array, members: Array) -> Array:
    """Unbiased squared MMDs of column-wise halves of the pooled points, ``(columns,)``; the kernel's diagonal is 0."""
    n = len(kernel) // 2
    toward = kernel @ members
    within = (members * toward).sum(0)
    across = toward.sum(0) - within
    rest = kernel.sum() - 2 * across - within
    return np.asarray((within + rest) / (n * (n - 1)) - 2 * across / n**2)


def _squared_distances(x: Array) -> Array:
    norms = (x**2).sum(1)
    return np.asarray(np.maximum(norms[:, None] + norms - 2 * x @ x.T, 0.0))


def _paired(x: object, y: object) -> tuple[Array, Array]:
    """Both samples as finite float64 ``(n, d)``."""
    arrays = [np.asarray(z.detach().cpu() if isinstance(z, torch.Tensor) else z) for z in (x, y)]
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
        flat.append(array.reshape(len(array), -1).astype(np.float64))
    return flat[0], flat[1]


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
    test = np.empty((n, a.shape[1]))
    test[truth == 0], test[truth == 1] = a[: n - ones], b[:ones]
    train = np.concatenate([a[most:], b[most:]])
    return (train, np.repeat([0, 1], n - most)), test, truth


def _fitted(kind: Kind, x: Array, labels: Array, seed: int) -> Any:
    from sklearn.linear_model import LogisticRegression
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    state = derive_seed(seed, "classifier") % 2**32
    network = {"hidden_layer_sizes": (64,), "alpha": 1e-2, "early_stopping": len(x) >= 200, "random_state": state}
    model = LogisticRegression(max_iter=500) if kind == "linear" else MLPClassifier(**network)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whether it has converged is what the held-out points judge
        return make_pipeline(StandardScaler(), model).fit(x, labels)


def _features(
    model: Any, test: Array, truth: Array, samples: tuple[Array, Array], shape: Sequence[int], rng: np.random.Generator
) -> tuple[Feature, ...]:
    from scipy.stats import ks_2samp

    accuracy = (model.predict(test) == truth).mean()
    found = []
    for index, name in enumerate(feature_names(shape)):
        kept = test[:, index].copy()
        test[:, index] = rng.permutation(kept)
        drop = accuracy - (model.predict(test) == truth).mean() if np.ptp(kept) else 0.0
        test[:, index] = kept
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # scipy says when it takes the asymptotic p-value
            apart = ks_2samp(samples[0][:, index], samples[1][:, index])
        found.append(Feature(name, float(drop), float(apart.statistic), min(1.0, float(apart.pvalue) * test.shape[1])))
    return tuple(sorted(found, key=lambda feature: (-feature.drop, -feature.distance)))


def feature_names(shape: Sequence[int]) -> list[str]:
    """Names of the entries of an example: ``x1``, ``x2`` of vectors, places of pixels.

    >>> feature_names((2,)), feature_names((1, 1, 2))
    (['x1', 'x2'], ['pixel (0, 0)', 'pixel (0, 1)'])
    """
    if len(shape) == 3:
        channels = [f" of channel {c}" if shape[0] > 1 else "" for c in range(shape[0])]
        return [f"pixel ({i}, {j}){channel}" for channel in channels for i in range(shape[1]) for j in range(shape[2])]
    return [f"x{i + 1}" for i in range(prod(shape))]
