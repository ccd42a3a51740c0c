"""The section of a report that is of tables: measures, columns, and their pictures."""

from collections.abc import Callable
from typing import Any

import numpy as np

from reparam.door import is_folder
from reparam.errors import UserError
from reparam.evaluation.columns.card import COVERAGE, NEARER, NEW, RATIO, TOLD, UNIFORM, ColumnCard, TableCard
from reparam.evaluation.samples.scorecard import Score
from reparam.folders import Unwritten
from reparam.pages import Cell, More, Picture, Section, Table
from reparam.pages.numbers import ABSENT
from reparam.runs.only_read import as_typed, called
from reparam.studies.numbers_csv import as_csv
from reparam.studies.pictures import figures_of, lighter, tell_of_the_system
from reparam.studies.results import Result, Results
from reparam.studies.summary import scores, summaries_of
from reparam.studies.tables import Row, measured

WHAT = {
    "column shapes": "1 less the distance of Kolmogorov and Smirnov (numbers), or of total variation (words)",
    "pair trends": "1 less half the difference of correlations, or less the total variation of a pair of words",
    "boundary adherence": "the share of numbers within the data's least and greatest",
    "category adherence": "the share of words that the data have",
    "missing shares": "1 less the difference of the shares of missing cells",
    "missing patterns": "1 less the total variation of which cells are missing together",
    TOLD: "accuracy on rows held out; 0.5 is chance",
    NEARER: "share of rows nearer to training rows than to held-out ones; 0.5 is chance, 1 repeats them",
    RATIO: "below 1: nearer to training rows than real rows are",
    NEW: "the share that matches no training row",
    COVERAGE: "the share of real cells within what the model says of them, given the rest of their row",
    UNIFORM: "of the places of real cells in what the model says of them, from uniform; the mean over columns",
}
"""Of each measure what it is, in a few words; docs/tables.md has the definitions."""
PREDICTED = "what trees learn from the rows, on real rows held out; the floor: from as many real rows"
PAIRS = "how strongly pairs of columns hang together in the data and in samples, and the difference"
NEAREST = "distance to the closest training row, of samples and of real rows held out"
PLACES = "where real cells lie in what the model says of them given the rest of their row: flat where it is right"
MOST_COLUMNS = 60


def section(results: Results) -> list[Section]:
    """Measures, columns and pictures; nothing where no table was made."""
    if not _cards(results):
        return []
    return [
        Section("Table", tables=[measures(results)], folds="open", more=[More("What the measures are", _explained())]),
        Section("Table: columns", _giveaways(results), tables=[columns(results)], folds="open"),
        Section("Table: pairs, closest rows and calibration", figures=pictures(results), folds="open"),
    ]


def _cards(results: Results) -> dict[str, TableCard]:
    """Of each model the first seed's."""
    return {result.name: result.table for result in results.pictured if result.table is not None}


def _explained() -> str:
    """What each measure is, a paragraph each."""
    return "\n\n".join([*(f"{name}: {what}." for name, what in WHAT.items()), f"AUC or R² of a column: {PREDICTED}."])


def measures(results: Results) -> Table:
    """A measure a row, the models and the floor side by side, the best marked."""
    cards, floor = _cards(results), results.table_floor
    rows, found = scores(results), results.standings
    ideal: dict[str, Score] = {one.name: one for card in [*cards.values(), *_listed(floor)] for one in card.scores()}
    real = {} if floor is None else summaries_of({0: floor})
    lines: list[Row] = []
    for name, score in ideal.items():
        best = found[name].best if name in found else ()
        cells = [
            Cell(measured(rows[model][name].value, rows[model][name].error), model in best)
            if name in rows.get(model, {})
            else ABSENT
            for model in cards
        ]
        last = measured(real[name].value, real[name].error) if name in real else ABSENT
        lines.append([name, f"{'≤ ' if score.only_above else ''}{score.best:.2g}", *cells, last])
    heads = ("measure", "ideal", *cards, f"floor: {floor.name}" if floor else "floor")
    first = next(iter(cards.values()))
    seeds = max(len(group) for group in results.groups.values())
    errors = "± is one standard error" if seeds == 1 else f"± is the standard deviation over {seeds} seeds"
    bold = "bold: the best and what is not told from it, where the best is told from the worst"
    return Table(heads, lines, f"{first.conditions.caption()}. {errors}; {bold}.")


def _listed(card: TableCard | None) -> list[TableCard]:
    return [] if card is None else [card]


def columns(results: Results) -> Table:
    """A column a row: its shape in each model and the floor, and how often each model's intervals hold it."""
    cards = _cards(results)
    floor = {one.name: one for card in _listed(results.table_floor) for one in card.columns}
    calibrated = [name for name, card in cards.items() if card.calibration is not None]
    heads = ["column", "kind", *(f"shape: {name}" for name in cards), "shape: floor",
             *(f"in 90 %: {name}" for name in calibrated)]  # fmt: skip
    by_name = {name: {one.name: one for one in card.columns} for name, card in cards.items()}
    every = dict.fromkeys(one for found in by_name.values() for one in found)
    lines: list[Row] = [
        [
            name,
            "number" if next(found[name] for found in by_name.values() if name in found).number else "words",
            *(_shape(by_name[model].get(name)) for model in cards),
            _shape(floor.get(name)),
            *(_covered(by_name[model].get(name)) for model in calibrated),
        ]
        for name in list(every)[:MOST_COLUMNS]
    ]
    more = f" The first {MOST_COLUMNS} of {len(every)} columns." if len(every) > MOST_COLUMNS else ""
    seeds = " Of each model's first seed." if max(map(len, results.groups.values())) > 1 else ""
    caption = f"Shape: 1 is the data's own. In 90 %: the share of real cells within the model's intervals.{seeds}{more}"
    return Table(heads, lines, caption)


def _shape(one: ColumnCard | None) -> str:
    return ABSENT if one is None or one.shape is None else measured(one.shape.value, one.shape.error)


def _covered(one: ColumnCard | None) -> str:
    return ABSENT if one is None or one.covered is None else measured(*one.covered)


def _giveaways(results: Results) -> str:
    """What tells each model's rows from the data's."""
    found = []
    for name, card in _cards(results).items():
        told = ", ".join(f"`{one.name}` ({one.drop:+.3f})" for one in card.giveaways[:3])
        if told:
            found.append(
                f"A classifier tells the rows of `{name}` from the data's in {card.told.accuracy:.0%} of the cases, "
                f"most by {told}: the accuracy that it loses where that column is shuffled."
            )
        if card.uncalibrated:
            found.append(f"`{name}` is not calibrated: {card.uncalibrated}.")
    return "\n\n".join(found)


def pictures(results: Results) -> list[Picture]:
    """Of each model pairs of columns, distances to the closest rows, and places in its conditionals."""
    return [picture for result in results.pictured if result.table for picture in _pictures(result, result.table)]


def _pictures(result: Result, card: TableCard) -> list[Picture]:
    numbers = card.numbers
    names = numbers["pair"].tolist()
    matrices = {
        f"{what} {name}": numbers[f"association_{what}"][:, i] for what in ("data", "samples")
        for i, name in enumerate(names)
    }  # fmt: skip
    pairs = {"column": numbers["pair"]} | matrices
    near = {"samples": numbers["distance_samples"], "held_out": numbers["distance_held_out"]}
    drawn = [("pairs", card.figure, PAIRS, pairs), ("closest", card.distances_figure, NEAREST, near),
             ("places", card.transforms_figure, PLACES, dict(card.transforms))]  # fmt: skip
    return [one for each in drawn if (one := _picture(result, *each)) is not None]


def _picture(
    result: Result, name: str, figure: Callable[[], Any], what: str, numbers: dict[str, np.ndarray]
) -> Picture | None:
    from reparam.plots import save

    folder = result.trial.folder
    try:
        if not is_folder(folder):
            raise Unwritten(f"{folder} has vanished")
        with figures_of(folder) as figures:
            picture = lighter(save(figure(), figures / f"report-table-{name}.png", numbers))
    except UserError as error:  # one column has no pairs, and a game no conditionals
        tell_of_the_system(error)
        return None
    caption = f"{called(folder)}: {what}."
    return Picture(picture, caption, caption, f"reparam evaluate {as_typed(folder)} --table", as_csv(numbers))
