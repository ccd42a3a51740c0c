"""Train on made rows, test on real ones: whether a classifier or a regression learns from samples what data teach."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reparam.errors import UserError
from reparam.evaluation.columns.rows import Rows, Seen, size
from reparam.nearest import meant
from reparam.randomness import derive_seed

Array = NDArray[Any]
MOST_CLASSES = 20
"""Words that are told apart; the rarer ones are one."""
MOST_CODES = 250
"""Words of a column that trees take as such; of a column that has more they take the codes for numbers."""
EVERY = "all"
ROUNDS = 60


@dataclass(frozen=True)
class Prediction:
    """What rows teach about a column, by real rows held out.

    Attributes:
        target: the column.
        score: ``AUC`` of words, each against the rest, weighed by their shares; ``R²`` of numbers.
        value: the score of trees that were trained on samples.
        error: its standard error over the real rows that it is tested on.
        real: the score of trees trained on as many real rows.
        real_error: its standard error.
        gap_error: that of the difference of both, which are tested on the same rows.
        tested: how many rows.
    """

    target: str
    score: str
    value: float
    error: float
    real: float
    real_error: float
    gap_error: float
    tested: int


def targets(rows: Rows, asked: str | None, label: str | None) -> list[str]:
    """The columns that are predicted.

    Args:
        rows: whose columns there are.
        asked: one of them, or ``all``; unless given the labels, where there are any, and the last other column of
            words, else the last column.
        label: the column of labels, where there is one.

    Raises:
        UserError: if there is no such column, or nothing to predict it by.
    """
    names = [column.name for column in rows]
    if len(names) < 2:
        if asked is not None:
            raise UserError(f"target={asked!r}: there is no other column to predict it by")
        return []
    if asked == EVERY and EVERY not in names:
        return names
    if asked is not None:
        if asked not in names:
            raise UserError(
                f"target={asked!r} is no column that can be compared{meant(asked, names)}: take "
                f"{', '.join(names)}, or all"
            )
        return [asked]
    others = [column for column in rows if column.name != label]
    words = [column.name for column in others if not column.number and len(np.unique(column.codes)) > 1]
    return [name for name in names if name in (label, words[-1] if words else others[-1].name)]


def predict(target: str, samples: Rows, real: Rows, test: Rows, seed: int = 0) -> Prediction | None:
    """Train on samples, and on as many real rows, and test on others; None where the target says nothing.

    scikit-learn's gradient boosting of histograms, 60 rounds, with the same seed for both.

    Args:
        target: the column that is predicted.
        samples: rows to train on.
        real: real rows to train on.
        test: real rows to test on.
        seed: of the trees.
    """
    wanted = {name: _column(rows, target) for name, rows in (("samples", samples), ("real", real), ("test", test))}
    if not wanted["test"].number:
        wanted = _pooled(wanted)
    there = wanted["test"].there
    truth = wanted["test"].values[there]
    if len(np.unique(truth)) < 2 or there.sum() < 2 * MOST_CLASSES:
        return None
    made, true = (
        _influences(_guessed(rows, wanted[name], test, there, truth, seed), truth, wanted["test"].number)
        for name, rows in (("samples", samples), ("real", real))
    )
    n = len(truth)
    errors = [float(one.std()) / n**0.5 for one in (made[1], true[1], made[1] - true[1])]
    return Prediction(target, "R²" if wanted["test"].number else "AUC", made[0], errors[0], true[0], errors[1],
                      errors[2], n)  # fmt: skip


def _column(rows: Rows, name: str) -> Seen:
    return next(column for column in rows if column.name == name)


def _pooled(wanted: dict[str, Seen]) -> dict[str, Seen]:
    """The most frequent words of the real rows as classes from 0 on, all others as one more."""
    words, counts = np.unique(wanted["real"].codes[wanted["real"].there], return_counts=True)
    kept = words[np.argsort(-counts, kind="stable")][:MOST_CLASSES]
    place = {int(word): at for at, word in enumerate(kept.tolist())}
    return {
        name: Seen(
            one.name, False, np.array([float(place.get(code, len(kept))) for code in one.codes.tolist()]), one.missing
        )
        for name, one in wanted.items()
    }


def _guessed(rows: Rows, target: Seen, test: Rows, there: Array, truth: Array, seed: int) -> Array:
    """What trees say of the rows to test on: numbers ``(n,)``, or probabilities of each class ``(n, classes)``."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    x, words = _features(rows, target.name)
    x_test, _ = _features(test, target.name)
    known = target.there
    settings: dict[str, Any] = {
        "max_iter": ROUNDS,
        "categorical_features": words,
        "early_stopping": False,
        "random_state": derive_seed(seed, "prediction") % 2**32,
    }
    y = target.values[known]
    if target.number:
        if not len(y):
            return np.zeros(int(there.sum()))
        centre, spread = y.mean(), y.std() or 1.0  # moments are large numbers
        model = HistGradientBoostingRegressor(**settings).fit(x[known], (y - centre) / spread)
        return np.asarray(model.predict(x_test[there]) * spread + centre)
    classes = int(max(truth.max(), y.max(initial=0))) + 1
    chances = np.zeros((int(there.sum()), classes))
    if len(np.unique(y)) < 2:
        return chances  # nothing but one class teaches nothing
    model = HistGradientBoostingClassifier(**settings).fit(x[known], y)
    chances[:, model.classes_.astype(int)] = model.predict_proba(x_test[there])
    return chances


def _features(rows: Rows, target: str) -> tuple[Array, Array]:
    """All columns but one, NaN where missing, ``(n, d)``, and which of them are words."""
    columns = [column for column in rows if column.name != target]
    few = [not column.number and column.values.max(initial=0) < MOST_CODES for column in columns]
    x = [np.where(column.missing, np.nan, column.values) for column in columns]
    return np.stack(x, 1).reshape(size(rows), -1), np.array(few)


def _influences(guess: Array, truth: Array, number: bool) -> tuple[float, Array]:
    return r_squared(guess, truth) if number else auc(guess, truth)


def r_squared(guess: Array, truth: Array) -> tuple[float, Array]:
    """R² = 1 - Σ (y - ŷ)² / Σ (y - ȳ)², and what each row adds to it, ``(n,)`` (delta method)."""
    lost, whole = (truth - guess) ** 2, (truth - truth.mean()) ** 2
    ratio = lost.mean() / whole.mean()
    return float(1 - ratio), -(lost - ratio * whole) / whole.mean()


def auc(chances: Array, truth: Array) -> tuple[float, Array]:
    """The area under the ROC curve of each class against the rest, weighed by shares, and what each row adds to it.

    The error is that of DeLong et al. (1988); the shares are taken as given.

    Args:
        chances: of each class, ``(n, classes)``.
        truth: the classes ``(n,)``.
    """
    from scipy.stats import rankdata

    total, moved, weight = 0.0, np.zeros(len(truth)), 0.0
    for label in np.unique(truth).astype(int):
        positive = truth == label
        share = float(positive.mean())
        if share == 1:
            continue
        ranks, own = rankdata(chances[:, label]), np.zeros(len(truth))
        for mine in (positive, ~positive):
            own[mine] = rankdata(chances[mine, label])
        other = np.where(positive, (~positive).sum(), positive.sum())
        below = (ranks - own) / other  # the share of the other side that lies below, ties half
        placed = np.where(positive, below, 1 - below)
        area = float(placed[positive].mean())
        total += share * area
        moved += share * (placed - area) / np.where(positive, share, 1 - share)
        weight += share
    return total / weight, moved / weight
