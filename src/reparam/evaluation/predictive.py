"""Posterior predictive checks: does what a model draws look like the data, by numbers that are easy to understand?"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from reparam import checks
from reparam.data.columns.date import DAY, Date
from reparam.data.columns.table import TableSchema
from reparam.errors import UserError
from reparam.evaluation.codes.encoding import examples, pick
from reparam.evaluation.columns.rows import Codebook
from reparam.evaluation.draws import drawing
from reparam.evaluation.pit import CODES, PIT, pit
from reparam.hardware import require_memory
from reparam.pace import TooLong, work
from reparam.randomness import derive_seed, generator
from reparam.result import Result
from reparam.runs.given import of_run
from reparam.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = NDArray[Any]
LEVEL = 0.05


def _neighbours(x: Array) -> float:
    """The correlation of values beside each other: of pixels to the right and below, of vectors the next entry."""
    if x.ndim < 3:
        return _correlation(x[:, :-1], x[:, 1:]) if x.shape[1] > 1 else 0.0
    pairs = [(x[..., :, :-1], x[..., :, 1:]), (x[..., :-1, :], x[..., 1:, :])]
    return float(np.mean([_correlation(a, b) for a, b in pairs if a.size]))


def _correlation(a: Array, b: Array) -> float:
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a**2).mean() * (b**2).mean()))
    return float((a * b).mean()) / scale if scale else 0.0


def _sums(x: Array) -> Array:
    return np.asarray(x.reshape(len(x), -1).sum(1))


STATISTICS: dict[str, Callable[[Array], float]] = {
    "mean": lambda x: float(x.mean()),
    "standard deviation": lambda x: float(x.std()),
    "least": lambda x: float(x.min()),
    "greatest": lambda x: float(x.max()),
    "share of zeros": lambda x: float((x == 0).mean()),
    "correlation of neighbours": _neighbours,
    "spread of an example's sum": lambda x: float(_sums(x).std()),
    "fourth moment": lambda x: float((((x - x.mean()) / (x.std() or 1.0)) ** 4).mean()),
}
"""Of some examples ``(n, *data_shape)`` a number: one more is a line here, or is given."""
MOST_COLUMNS = 20
"""Columns of a table that are looked at: the first, where there are more."""
Measure = Callable[[Array], dict[str, float]]


@dataclass(frozen=True)
class Check:
    """One statistic.

    Attributes:
        name: of the statistic.
        data: its value of the data.
        drawn: of as many draws, over and over, ``(replicates,)``.
        p: how seldom draws are so far out, on either side; uniform where the model is right.
        p_holm: the same after Holm's correction for all statistics.
    """

    name: str
    data: float
    drawn: Array
    p: float
    p_holm: float

    def told(self, value: float) -> str:
        """A value of the statistic in as many digits as tell it from others that draws have, and whole below 10^9.

        >>> days = Check("mean (days since 1970)", 18958.3, np.array([9000.0, 19900.0]), 0.2, 1.0)
        >>> days.told(days.data), Check("mean", 0.123456, np.array([0.1, 0.2]), 0.5, 1.0).told(0.123456)
        ('18958', '0.1235')
        """
        spread, size = float(self.drawn.std()), max(abs(self.data), float(np.abs(self.drawn).max()))
        apart = 2 + math.ceil(math.log10(size / spread)) if 0 < spread < math.inf and 0 < size < math.inf else 4
        whole = 1 + math.floor(math.log10(size)) if 0 < size < 1e9 else 4
        return f"{value:.{min(max(4, apart, whole), 9)}g}"


@dataclass(frozen=True, repr=False)
class PredictiveChecks(Result):
    """Every statistic of the data beside those of draws.

    Attributes:
        name: of the run.
        found: the statistics.
        examples: of the split, and of each set of draws.
        replicates: sets of draws.
        split: whose examples.
        seed: of choice and draws.
        pit: where values lie in what the model says of each; None where it says nothing of that kind.
        no_pit: why not.
    """

    name: str
    found: tuple[Check, ...]
    examples: int
    replicates: int
    split: str
    seed: int
    pit: PIT | None = None
    no_pit: str = ""

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        """Of each statistic its value of the data and its p-values; and ``drawn``, ``(statistics, replicates)``.

        Where there is a PIT, its histograms with their errors, too.
        """
        return {
            **({} if self.pit is None else self.pit.numbers),
            "statistic": np.array([one.name for one in self.found]),
            "data": np.array([one.data for one in self.found]),
            "p": np.array([one.p for one in self.found]),
            "p_holm": np.array([one.p_holm for one in self.found]),
            "drawn": np.stack([one.drawn for one in self.found]),
        }

    def figure(self) -> "Figure":
        """A panel a statistic: how draws spread, and where the data lie."""
        from reparam.plots.predictive import predictive_panels

        panels = {f"{one.name}\np = {one.p:.2g}": (one.drawn, one.data) for one in self.found}
        pit = None if self.pit is None else {f"PIT, p = {self.pit.p:.2g}": self.pit.histograms}
        return predictive_panels(panels, title=self.name, pit=pit)

    def __str__(self) -> str:
        wide = max(28, *(2 + len(one.name) for one in self.found))
        rows = [f"{'statistic':<{wide}}{'data':>12}{'draws':>24}{'p':>8}{'corrected':>11}"]
        rows += [
            f"{one.name:<{wide}}{one.told(one.data):>12}"
            f"{f'{one.told(float(one.drawn.mean()))} ± {one.drawn.std():.2g}':>24}{one.p:>8.2g}"
            f"{one.p_holm:>11.2g}" + ("  *" if one.p_holm < LEVEL else "")
            for one in self.found
        ]
        told = (
            f"{self.name}: {self.examples:,} {self.split} examples beside {self.replicates:,} sets of as many draws; "
            f"*: draws are not like that (p < 5 % after Holm); seed {self.seed}"
        )
        return "\n".join([*rows, told, *self._too_few(), "", self._transform()])

    def _transform(self) -> str:
        return f"no PIT: {self.no_pit}" if self.pit is None else str(self.pit)

    def _too_few(self) -> list[str]:
        """Where not even data beyond all draws would be told, how many sets it takes."""
        needed = math.floor(2 * len(self.found) / LEVEL)
        if self.replicates >= needed:
            return []
        return [f"of so few sets of draws none can be told after the correction: replicates={needed} or more would do"]

    def json(self) -> dict[str, Any]:
        """Each statistic with the mean and the spread of draws."""
        found = super().json()
        for told, one in zip(found["found"], self.found, strict=True):
            told |= {"drawn_mean": float(one.drawn.mean()), "drawn_spread": float(one.drawn.std())}
        return found | {"pit": None if self.pit is None else self.pit.json()}


@of_run
def predictive_check(
    run: Run,
    n: int = 300,
    seed: int = 0,
    *,
    replicates: int = 400,
    statistics: Mapping[str, Callable[[Array], float]] | None = None,
    codes: int = CODES,
) -> PredictiveChecks:
    """Compare test examples with as many draws, over and over, by some statistics (Gelman, Meng & Stern 1996).

    The examples were not trained on, and draws are of the model as a whole: x of p(x|z), z of p(z). So if the model is
    right, the statistic of the data and those of the sets of draws are exchangeable, and the rank of the former is
    uniform: p = 2 min(#{T ≥ data}, #{T ≤ data}) of the sets with the data among them, over their number, at most 1,
    ties broken at random. (Draws of posteriors of the same examples would give p-values that gather at ½.)

    Args:
        run: any trained run, or its folder.
        n: test examples, and draws in a set; all unless there are more.
        seed: of the choice and the draws.
        replicates: sets of draws.
        statistics: by name, of examples ``(n, *data_shape)`` as the model sees them a number; unless given,
            ``STATISTICS``, and of a table the mean and the spread of each column of numbers, the share of the word that
            is commonest in the data, and that of missing cells, of the first 20 columns.
        codes: draws of the posterior an example for :func:`pit`, where the model has one.

    Raises:
        UserError: if nothing is to be compared, or draws are not finite.
    """
    checks.whole("n", n, 2)
    checks.whole("replicates", replicates, 19)
    if statistics is not None and not statistics:
        raise UserError("there are no statistics to compare draws by: give some")
    chosen = pick(run.data.test, n, generator(seed, "check"))
    x = torch.cat(list(examples(chosen, run.data))).double().numpy()
    measure = _measure(run, x, statistics)
    values = {name: [value] for name, value in measure(x).items()}
    require_memory("n", len(x), x[0].size)
    with work("drawing", replicates, "`replicates` or `n`") as add:
        for at in range(replicates):
            drawn = np.asarray(drawing(run, len(x), derive_seed(seed, "check", at), as_seen=True).x, np.float64)
            if not np.isfinite(drawn).all():
                raise UserError("draws are not finite: the training has diverged, train anew with a lower "
                                "`learning_rate`")  # fmt: skip
            for name, value in measure(drawn).items():
                values[name].append(value)
            add(1)
    rng = np.random.default_rng(derive_seed(seed, "check", "ties"))
    p = {name: p_value(np.array(found), rng) for name, found in values.items()}
    corrected = dict(zip(p, _holm(list(p.values())), strict=True))
    found = tuple(Check(name, one[0], np.array(one[1:]), p[name], corrected[name]) for name, one in values.items())
    name = run.folder.name if run.folder else type(run.model).__name__
    try:
        transform, why_not = pit(run, n, seed, codes=codes), ""
    except TooLong:
        raise
    except UserError as error:
        transform, why_not = None, str(error)
    return PredictiveChecks(name, found, len(x), replicates, "test", seed, transform, why_not)


def _measure(run: Run, x: Array, statistics: Mapping[str, Callable[[Array], float]] | None) -> Measure:
    """All statistics of some examples at once, in the order in which they are told."""
    schema = run.record.schema
    if statistics is None and schema is not None:
        return of_columns(schema, x)
    given = STATISTICS if statistics is None else statistics
    return lambda some: {name: float(one(some)) for name, one in given.items()}


def of_columns(schema: TableSchema, x: Array) -> Measure:
    """Statistics of rows, column by column, in the columns' own units and words.

    Args:
        schema: of the table.
        x: the data, as a model sees them: where a cell is missing in them, its column's missing cells are counted, and
            of words the share of the one that is commonest in them.
    """
    book = Codebook(schema)
    columns = book.rows(x.astype(np.float32))[:MOST_COLUMNS]
    common = {one.name: int(np.bincount(one.codes[one.there]).argmax()) for one in columns
              if not one.number and one.there.any()}  # fmt: skip
    gaps = {one.name for one in columns if one.missing.any()}
    units = {kind.name: (DAY, " (days since 1970)") for kind in schema.seen if kind.word == Date.word}

    def measure(some: Array) -> dict[str, float]:
        found: dict[str, float] = {}
        for one in book.rows(some.astype(np.float32))[:MOST_COLUMNS]:
            known = one.known if len(one.known) else np.zeros(1)
            if one.number:
                unit, words = units.get(one.name, (1, ""))
                found[f"{one.name}: mean{words}"] = float(known.mean()) / unit
                found[f"{one.name}: spread{words and ' (days)'}"] = float(known.std()) / unit
            elif one.name in common:
                code = common[one.name]
                found[f"{one.name}: share of {book.word(one.name, code)}"] = float((known == code).mean())
            if one.name in gaps:
                found[f"{one.name}: share missing"] = float(one.missing.mean())
        return found

    return measure


def p_value(values: Array, rng: np.random.Generator) -> float:
    """How seldom one of exchangeable values is as far out as the first, on either side; ties are broken at random.

    >>> p_value(np.array([3.0, 0.0, 1.0, 2.0, 4.0, 5.0, 6.0]), np.random.default_rng(0))
    1.0
    """
    n = len(values)
    ties = np.flatnonzero(values == values[0])
    rank = int((values < values[0]).sum()) + int(rng.integers(len(ties))) + 1
    return min(1.0, 2 * min(rank, n + 1 - rank) / n)


def _holm(p: list[float]) -> list[float]:
    """Holm's step-down correction."""
    order = np.argsort(p, kind="stable")
    worst, found = 0.0, [0.0] * len(p)
    for place, at in enumerate(order.tolist()):
        worst = max(worst, min(1.0, (len(p) - place) * p[at]))
        found[at] = worst
    return found
