"""The first thing that one sees of a comparison: samples, three or four numbers on shared scales, and costs."""

import math
from collections.abc import Sequence

from reparam.pages import Entry, Gauge, Overview, Reading, duration
from reparam.pages.numbers import ABSENT
from reparam.studies.glossary import NOTES
from reparam.studies.results import Result, Results
from reparam.studies.strips import strip_of, strip_of_data
from reparam.studies.summary import LIKELIHOOD, Summary, comparable, scores, scores_of
from reparam.studies.tables import measured

HEADLINES = ("Fréchet distance", "precision", "recall")
"""What is shown of samples: how near, how faithful, how varied."""
INSTEAD = "two-sample accuracy"
"""And where no model has a likelihood, what takes its place."""
SHARES = {"precision": (0.0, 1.0), "recall": (0.0, 1.0), "two-sample accuracy": (0.5, 1.0)}
"""Scales that are known beforehand."""
BETTER = {"precision": "high", "recall": "high", LIKELIHOOD: "high"}
ALONE = 4
"""Errors to either side of a number that is alone on its scale, where there is nothing else to set its width."""
UNITS = {LIKELIHOOD: "log p(x) (nats)"}
Rows = dict[str, dict[str, Summary]]


def overview(results: Results) -> Overview | None:
    """The overview; None where nothing was measured."""
    rows = _rows(results)
    names = [name for name in (*HEADLINES, LIKELIHOOD, INSTEAD) if any(name in row for row in rows.values())]
    names = [name for name in names if name != INSTEAD or LIKELIHOOD not in names]
    if not names:
        return None
    floor = {} if results.floor is None else scores_of({0: results.floor})
    gauges = [_gauge(name, [row[name] for row in rows.values() if name in row], floor.get(name)) for name in names]
    entries = [
        _entry(i, name, group, rows[name], names, results) for i, (name, group) in enumerate(results.groups.items())
    ]
    return Overview(gauges, [*_real(results, floor, names), *entries], _caption(results))


def _rows(results: Results) -> Rows:
    """Each model's numbers, log p(x) among them where all of them are of the same values and can be trusted."""
    table, groups = scores(results), comparable(results)
    (likelihoods,) = groups.values() if len(groups) == 1 else ({},)
    poor = {result.name for result in results.finished if result.likelihood and not result.likelihood.trusted}
    sure = {name: {LIKELIHOOD: summary} for name, summary in likelihoods.items() if name not in poor}
    rows = {name: table.get(name, {}) | sure.get(name, {}) for name in results.groups}
    return {name: {m: one for m, one in row.items() if math.isfinite(one.value)} for name, row in rows.items()}


def _gauge(name: str, summaries: Sequence[Summary], floor: Summary | None) -> Gauge:
    """A measure's scale, with room for the errors of all."""
    around = ALONE if len(summaries) == 1 else 1
    reach = [one.value + side * (_finite(one.error) or 0.0) for one in summaries for side in (-around, around)]
    return gauge_of(name, reach, None if floor is None else floor.value)


def gauge_of(name: str, reach: Sequence[float], floor: float | None) -> Gauge:
    """A measure's scale: the one that is known, else from 0, or the least, to the most of what it has to show."""
    low, high = min(reach), max(reach)
    ends = SHARES.get(name) or _rounded(low if name in BETTER else 0.0, high)
    return Gauge(UNITS.get(name, name), *ends, BETTER.get(name, "low"), floor, NOTES.get(name, ""))  # type: ignore[arg-type]


def _rounded(low: float, high: float) -> tuple[float, float]:
    """Ends a little farther apart, with two digits of what lies between.

    >>> _rounded(0.0, 946.2), _rounded(-171.3, -100.2), _rounded(3.0, 3.0)
    ((0.0, 950.0), (-172.0, -100.0), (2.0, 4.0))
    """
    if not high > low:
        return low - 1, high + 1
    step = 10.0 ** (math.floor(math.log10(high - low)) - 1)
    return math.floor(low / step + 1e-9) * step, math.ceil(high / step - 1e-9) * step


def _real(results: Results, floor: dict[str, Summary], names: Sequence[str]) -> list[Entry]:
    """The row of real examples, which no model can be expected to pass."""
    if results.floor is None:
        return []
    readings = [_reading(floor[name], False) if name in floor else Reading(None, ABSENT) for name in names]
    return [Entry("real test examples", readings, strip_of_data(results.finished[0].run), "the floor")]


def _entry(
    place: int, name: str, group: Sequence[Result], row: dict[str, Summary], names: Sequence[str], results: Results
) -> Entry:
    best = {measure for measure, one in results.standings.items() if name in one.best}
    readings = [_reading(row[m], m in best) if m in row else Reading(None, ABSENT) for m in names]
    first = results.finished[0].run
    return Entry(name, readings, strip_of(group[0].run, name, first), _facts(group), place)


def _reading(summary: Summary, best: bool) -> Reading:
    values = tuple(summary.values.values()) if len(summary.values) > 1 else ()
    return Reading(summary.value, measured(summary.value, summary.error), _finite(summary.error), values, best)


def _finite(number: float | None) -> float | None:
    """An error where there is one with an end: that of a single example has none."""
    return number if number is not None and math.isfinite(number) else None


def _facts(group: Sequence[Result]) -> str:
    """What a model cost, on average over its seeds."""
    seconds = [result.cost["seconds"] for result in group if "seconds" in result.cost]
    parameters = group[0].cost.get("parameters")
    epochs = group[0].run.last_row.get("epoch", 0.0)
    told = [f"{duration(sum(seconds) / len(seconds))}, {epochs:.1f} epochs"] if seconds else [f"{epochs:.1f} epochs"]
    told += [] if parameters is None else [f"{_short(parameters)} parameters".replace(" ", "\N{NO-BREAK SPACE}")]
    return "; ".join(told)


def _short(number: float) -> str:
    """A large number in few letters.

    >>> _short(631_188), _short(2_043_537), _short(900)
    ('631 k', '2.0 M', '900')
    """
    if number < 1000:
        return f"{number:.0f}"
    return f"{number / 1e3:.0f} k" if number < 1e6 else f"{number / 1e6:.1f} M"


def _caption(results: Results) -> str:
    seeds = max((len(group) for group in results.groups.values()), default=1)
    bars = (
        "one standard error" if seeds == 1 else f"the standard deviation over {seeds} seeds, each of which is a stroke"
    )
    floor = "; the dashed line is what real test examples come to" if results.floor is not None else ""
    strips = " Samples are of each model's first seed." if seeds > 1 else ""
    return (
        f"Bars are {bars}{floor}. “best” stands where a model is the best or is not told from it, and the best is told "
        f"from the worst.{strips}"
    )
