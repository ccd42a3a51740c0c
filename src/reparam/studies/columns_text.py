"""What runs came to as tables, as text: a measure a row, the runs and the floor side by side."""

from collections.abc import Mapping, Sequence
from textwrap import wrap

from reparam.evaluation.columns.card import TableCard
from reparam.evaluation.samples.scorecard import Score
from reparam.studies.scores import HEAD, LEGEND, MARK, blocks_of, fold, seen, short_names, table
from reparam.studies.standing import standing

ABSENT = "-"
TOLD = 3
"""Columns that give a table away, told for each run."""
UNSURE = 0.1


def table_text(cards: Mapping[str, TableCard], real: TableCard) -> str:
    """The table of the measures, a row each, and what it rests on."""
    rows = [_cells(scores) for scores in by_measure([real, *cards.values()])]
    heads = [wrap(name, HEAD) for name in ("measure", "ideal", real.name, *short_names(list(cards)))]
    tall = max(map(len, heads))
    cells = zip(*rows, strict=True)
    columns = [[""] * (tall - len(head)) + head + list(column) for head, column in zip(heads, cells, strict=True)]
    text = "\n\n".join(table(block, numbers=True) for block in blocks_of(columns))
    legend = LEGEND.format(floor=real.name).replace("examples", "rows") + (MARK if len(cards) > 1 else "")
    return "\n".join([text, *map(fold, [legend, real.conditions.caption(), *_remarks(cards)])])


def by_measure(cards: Sequence[TableCard]) -> list[list[Score | None]]:
    """The scores of each measure that any card has, None where one has it not."""
    found = [{score.name: score for score in card.scores()} for card in cards]
    names = dict.fromkeys(name for one in found for name in one)
    return [[one.get(name) for one in found] for name in names]


def _cells(scores: Sequence[Score | None]) -> list[str]:
    """A measure's row: its name, the ideal, the floor's number, and each run's, the best of them marked."""
    first = next(score for score in scores if score is not None)
    best = standing({str(i): seen(score) for i, score in enumerate(scores) if i and score is not None}).best
    marks = ["*" if str(i) in best else " " if i else "" for i in range(len(scores))]
    ideal = f"≤ {first.best:.2g}" if first.only_above else f"{first.best:.2g}"
    shown = [ABSENT + mark if score is None else f"{score}{mark}" for score, mark in zip(scores, marks, strict=True)]
    return [first.name, ideal, *shown]


def _remarks(cards: Mapping[str, TableCard]) -> list[str]:
    """The columns that give runs away, and why a run has no calibration."""
    found = []
    for name, card in cards.items():
        if told := [f"{one.name} ({one.drop:+.3f})" for one in card.giveaways[:TOLD]]:
            found.append(f"{name}: told apart most by {', '.join(told)}: accuracy lost when the column is shuffled")
        if card.uncalibrated:
            found.append(f"{name}: not calibrated: {card.uncalibrated}")
        elif card.calibration is not None and card.calibration.unsure > UNSURE:
            found.append(f"{name}: of {card.calibration.unsure:.0%} of the cells fewer than 10 effective codes tell, "
                         "so that their calibration is rough")  # fmt: skip
    return found
