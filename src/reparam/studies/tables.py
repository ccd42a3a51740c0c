"""The tables of a comparison."""

import math
from collections.abc import Sequence

from reparam.evaluation.samples.scorecard import Scorecard
from reparam.pages import Cell, Table, duration, nats, percent
from reparam.pages.numbers import ABSENT
from reparam.runs.only_read import called
from reparam.studies.glossary import NOTES
from reparam.studies.results import Result, Results
from reparam.studies.summary import LIKELIHOOD, Summary, likelihoods, scores, scores_of

FIDELITY = ("Fréchet distance", "kernel distance", "precision", "recall", "density", "coverage")
TESTS = ("two-sample accuracy", "nearer to training than test is", "singled-out training neighbour", "duplicates")
FLOOR = "floor: {}"
Row = list[Cell | str | float | None]


def measured(value: float, error: float | None) -> str:
    """A number with its standard error, to two digits of that.

    >>> measured(61.234, 0.412), measured(0.98765, 0.0021), measured(0.5, None), measured(0.75, 0.0)
    ('61.23 ± 0.41', '0.9877 ± 0.0021', '0.5000', '0.7500')
    """
    if error is None or not math.isfinite(error) or error <= 0:
        return nats(value, digits=4 if abs(value) < 10 else 2)
    return nats(value, error, digits=max(0, 1 - math.floor(math.log10(error))))


def fidelity(results: Results) -> Table:
    """Distances of features, precision and recall, density and coverage, further measures; the floor last."""
    measures = (*FIDELITY, *_further(results))
    return noted(("model", *measures), _scores(results, measures), _conditions(results), results.floor is not None)


def noted(columns: Sequence[str], rows: Sequence[Row], caption: str, floor: bool = False) -> Table:
    """A table with what is known of its columns; the last row is the floor's."""
    notes = {column: NOTES[column] for column in columns if column in NOTES}
    return Table(columns, rows, caption, notes, int(floor))


def _further(results: Results) -> list[str]:
    """The names of what was measured besides ours."""
    cards = [result.card for result in results.finished if result.card is not None]
    return list(dict.fromkeys(score.name for card in cards for score in card.further.values()))


def tests(results: Results) -> Table:
    """The two-sample test, memorization and duplicates, the floor last."""
    rows = _scores(results, TESTS)
    cards = [[result.card for result in group if result.card] for group in results.groups.values()]
    cards = [group for group in cards if group] + ([[results.floor]] if results.floor else [])
    for row, group in zip(rows, cards, strict=True):
        row[2:2] = [_p(max(card.two_sample.p_binomial for card in group))]
        row.append("yes" if any(card.memorizes for card in group) else "no")
    heads = ("model", TESTS[0], "p", *TESTS[1:], "memorizes")
    return noted(heads, rows, _conditions(results), results.floor is not None)


def _scores(results: Results, measures: Sequence[str]) -> list[Row]:
    """A row a model, the best of each column in bold, and the floor."""
    table = scores(results)
    found = results.standings
    winners = {measure: found[measure].best for measure in measures if measure in found}
    rows: list[Row] = [
        [name, *(_cell(row, m, name in winners.get(m, ())) for m in measures)] for name, row in table.items()
    ]
    if results.floor is not None:
        floor = scores_of({0: results.floor})
        rows.append([FLOOR.format(results.floor.name), *(_cell(floor, measure, False) for measure in measures)])
    return rows


def _cell(row: dict[str, Summary], measure: str, strong: bool) -> Cell:
    summary = row[measure]
    return Cell(measured(summary.value, summary.error), strong)


def _conditions(results: Results) -> str:
    """What the numbers rest on."""
    cards = [result.card for result in results.finished if result.card is not None]
    rests = cards[0].conditions.caption() if cards else "nothing could be measured"
    bold = "Bold: the best and what is not told from it, where the best is told from the worst"
    return f"{rests}. {_errors(results)} {bold}; the last row is what real examples reach."


def _errors(results: Results) -> str:
    """What stands behind ±."""
    seeds = max((len(group) for group in results.groups.values()), default=1)
    return "± is one standard error." if seeds == 1 else f"± is the standard deviation over {seeds} seeds."


def likelihood(results: Results) -> Table | None:
    """Log p(x) of the models that have one, beside their lower bound; None where none has."""
    found = likelihoods(results)
    if not found:
        return None
    winners = {name for what, one in results.standings.items() if what.startswith(LIKELIHOOD) for name in one.best}
    rows = [_likelihood_row(name, results.groups[name], found[name], name in winners) for name in found]
    first = next(result.likelihood for result in results.finished if result.likelihood is not None)
    caption = (
        f"Nats per example. Log p(x) of {first.examples:,} {first.split} examples by importance sampling with "
        f"{first.samples:,} draws of the posterior each (in expectation a lower bound), the lower bound (ELBO) and its "
        f"terms on all of the test set; seed {first.seed}. {_errors(results)} Numbers compare between models with the "
        "same likelihood on the same values only."
    )
    return noted(("model", "log p(x)", "effective draws", "lower bound", "reconstruction", "KL"), rows, caption)


def _likelihood_row(name: str, group: Sequence[Result], found: Summary, strong: bool) -> Row:
    effective = [result.likelihood.effective_sample_size[0] for result in group if result.likelihood is not None]
    terms = [nats(_mean([result.run.test.get(key) for result in group])) for key in ("elbo", "reconstruction", "kl")]
    return [name, Cell(measured(found.value, found.error), strong), nats(_mean(effective), digits=1), *terms]


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def latents(results: Results) -> Table | None:
    """How many latent units carry something, and whether codes look like the prior; None without encoders."""
    used = [(result, result.card.latents) for result in results.finished if result.card and result.card.latents]
    if not used:
        return None
    layers = any(use.layer_kl for _, use in used)
    rows: list[Row] = [
        [
            _named(result),
            len(use.signal),
            use.active,
            measured(use.accuracy, use.accuracy_error),
            _p(use.p_value),
            *([", ".join(f"{nats:.1f}" for nats in use.layer_kl)] if layers else []),
        ]
        for result, use in used
    ]
    use = used[0][1]
    caption = (
        f"Codes of {use.n:,} examples of the {use.split} split: how many units carry something, and whether codes lie "
        "where the prior draws; p is the chance of such an accuracy if they do."
    )
    more = ("nats of KL by layer, from the top",) if layers else ()
    columns = ("model", "latent units", "active", "q(z) told from the prior", "p", *more)
    notes = {column: NOTES[column] for column in columns[2:4]}
    return Table(columns, rows, caption, notes)


def classes(results: Results) -> Table | None:
    """Which digits a classifier sees in the samples; None for other data."""
    cards = [(_named(result), result.card) for result in results.finished if result.card is not None]
    if results.floor is not None:
        cards.append((FLOOR.format(results.floor.name), results.floor))
    rows = [_class_row(name, card) for name, card in cards if card.classes is not None]
    if not rows:
        return None
    caption = "Share of the samples that the shipped classifier reads as each digit, and how sure it is on average."
    return Table(
        ("model", *map(str, range(10)), "mean top probability"), rows, caption, last=int(results.floor is not None)
    )


def _class_row(name: str, card: Scorecard) -> Row:
    assert card.classes is not None
    shares = [percent(card.classes.shares[digit]) for digit in range(10)]
    return [name, *shares, nats(card.classes.top_probability, digits=3)]


def modes(results: Results) -> Table | None:
    """Modes covered on data whose modes are known, else None."""
    rows = [(result, last_coverage(result)) for result in results.finished]
    lines: list[Row] = [
        [_named(result), row["modes"], percent(row["high_quality"]), nats(row["reverse_kl"], digits=3)]
        for result, row in rows
        if row
    ]
    caption = (
        "Of 2,500 samples: modes with a sample within three standard deviations, the share of such samples, and "
        "KL(their modes' shares ‖ the true weights) in nats."
    )
    return Table(("model", "modes", "high quality", "reverse KL"), lines, caption) if lines else None


def last_coverage(result: Result) -> dict[str, float] | None:
    """The last row that says which modes a run covers."""
    rows = [row for row in result.run.rows if "modes" in row]
    return rows[-1] if rows else None


def costs(results: Results) -> Table:
    """What each run took, or why there is none."""
    rows = [_cost_row(result) for result in results.results]
    heads = ["model", "steps", "epochs", "time", "parameters", "peak memory (MiB)", "outcome"]
    where = "the machine named below"
    if any(result.trial.machine for result in results.results):
        heads.append("machine")
        rows = [[*row, result.trial.machine] for row, result in zip(rows, results.results, strict=True)]
        where = "the machine in the last column, beside what else it did"
    caption = f"Wall time of training with its validations, on {where}; memory of the whole process."
    return Table(tuple(heads), rows, caption)


def _cost_row(result: Result) -> Row:
    if result.trial.run is None:
        return [_named(result), None, None, None, None, None, result.trial.outcome]
    last, cost = result.run.last_row, result.cost
    memory = cost.get("peak_memory_mib")
    return [
        _named(result),
        last["step"],
        nats(last["epoch"], digits=1),
        Cell(duration(cost.get("seconds")), order=cost.get("seconds")),
        cost.get("parameters"),
        ABSENT if memory is None else f"{memory:,.0f}",
        "finished" if result.card is not None else f"finished, not measured: {result.notes[0]}",
    ]


def _p(value: float) -> str:
    r"""A p-value as it is read, not to be broken over two lines.

    >>> _p(0.2345), _p(1e-9)
    ('0.23', '<\xa00.001')
    """
    return "<\N{NO-BREAK SPACE}0.001" if value < 1e-3 else f"{value:.2g}"


def _named(result: Result) -> str:
    """The folder's name, which says the seed, too."""
    return called(result.trial.folder)
