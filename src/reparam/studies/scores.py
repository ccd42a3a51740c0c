"""What runs came to as text: a table of log p(x), and one of the measures of their samples beside the floor."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path
from textwrap import fill, wrap

from reparam.evaluation.likelihood.estimate import LogLikelihood
from reparam.evaluation.samples.scorecard import Score, Scorecard
from reparam.studies.differences import Seen
from reparam.studies.standing import standing

WIDTH = 100
HEAD = 16
"""Characters of a run's name in a line of a column's head."""
ADVICE = {
    "posterior": 'take more samples=..., or proposal="annealed"',
    "prior": 'take proposal="posterior" where the model has one, proposal="annealed", or more samples=...',
    "annealed": "take more steps=..., or more samples=...",
}
"""What would do where few draws carry the weight, by what they were drawn from."""
CONTRADICTED = (
    "{run}: its own estimate of the bound, {bound:.2f}, lies above that, as no lower bound can: its discriminator "
    "lags behind and takes KL for smaller than it is (train it with more discriminator_turns=...), or annealing "
    "had too few steps=..."
)
UNLIKE = "these are of different things, and do not compare: {what}"
LEGEND = (
    "ideal: what samples of the data's own distribution come to; {floor}: real examples in the samples' place, which "
    "no model can be expected to pass"
)
MARK = (
    "; *: the runs nearest to the ideal that are not told from each other, where they are told from the worst "
    "(Holm's correction)"
)
MEMORIZES = "{runs}: training examples seem to be repeated, so that nearness to the data is no merit here"
REPEATS = " (but so does the {floor}: the data repeat themselves, and these marks say little)"


def table(columns: Sequence[Sequence[str]], numbers: bool = False) -> str:
    """Columns of as many cells each beside one another; all but the first to the right where they are numbers."""
    widths = [max(map(len, column)) for column in columns]
    sides = ["<", *(">" if numbers else "<" for _ in columns[1:])]
    padded = (
        [f"{cell:{side}{width}}" for cell in column] for column, side, width in zip(columns, sides, widths, strict=True)
    )
    return "\n".join("  ".join(row).rstrip() for row in zip(*padded, strict=True))


def fold(sentence: str) -> str:
    """A sentence in lines, folders' names whole."""
    return fill(sentence, WIDTH, break_long_words=False, break_on_hyphens=False)


def likelihood_text(found: Mapping[str, LogLikelihood], note: str = "") -> str:
    """The table of log p(x), and what it rests on, with a note at the end of that."""
    rows = [["run", "log p(x)", "± examples", "± sampling", "effective", "bits/dim"]]
    for name, result in found.items():
        mean, smallest = result.effective_sample_size
        bits = "-" if result.bits_per_dimension is None else f"{result.bits_per_dimension:.3f}"
        errors = [_error(result.standard_error), _error(result.monte_carlo_error)]
        rows.append([name, f"{result.mean:.2f}", *errors, f"{mean:.1f} (least {smallest:.1f})", bits])
    last = list(found.values())[-1]
    poor = [name for name, result in found.items() if not result.trusted]
    warning = (
        f"{', '.join(poor)}: a few draws carry all the weight, so that the truth is above: {ADVICE[last.proposal]}"
    )
    kind = "chains of annealing" if last.proposal == "annealed" else f"samples of the {last.proposal}"
    kinds = list(dict.fromkeys(result.of for result in found.values()))
    what = f"; it is {last.of}" if last.of and len(kinds) == 1 else ""
    resting = f"nats per example of {last.examples:,} from {last.split}; {last.samples:,} {kind} each{note}{what}"
    warnings = [UNLIKE.format(what="; ".join(_by_kind(found)))] if len(kinds) > 1 else []
    warnings += [warning] if poor else []
    warnings += [
        CONTRADICTED.format(run=name, bound=result.estimated_bound)
        for name, result in found.items()
        if result.contradicted
    ]
    return "\n".join([table(list(zip(*rows, strict=True))), fold(resting), *map(fold, warnings)])


def _by_kind(found: Mapping[str, LogLikelihood]) -> Iterator[str]:
    """The runs by what their log p(x) is of."""
    for kind in dict.fromkeys(result.of for result in found.values()):
        yield f"{', '.join(name for name, result in found.items() if result.of == kind)}: {kind}"


def _error(value: float) -> str:
    """An error bar; none where it has no end, as that of a single example has.

    >>> _error(1.234), _error(float("inf"))
    ('1.23', '-')
    """
    return f"{value:.2f}" if isfinite(value) else "-"


def quality_text(cards: Mapping[str, Scorecard], real: Scorecard) -> str:
    """The table of the measures, a row each, as many runs side by side as fit, and what it rests on."""
    rows = [_cells(scores) for scores in zip(*(card.scores() for card in (real, *cards.values())), strict=True)]
    names = ["measure", "ideal", real.name, *short_names(list(cards))]
    heads = [wrap(name, HEAD) for name in names]
    tall = max(map(len, heads))
    cells = zip(*rows, strict=True)
    columns = [[""] * (tall - len(head)) + head + list(column) for head, column in zip(heads, cells, strict=True)]
    blocks = [table(block, numbers=True) for block in blocks_of(columns)]
    legend = LEGEND.format(floor=real.name) + (MARK if len(cards) > 1 else "")
    notes = [legend, real.conditions.caption(), *_memorizing(cards, real)]
    return "\n\n".join(blocks) + "\n" + "\n".join(map(fold, notes))


def _cells(scores: Sequence[Score]) -> list[str]:
    """A measure's row: its name, the ideal, the floor's number, and each run's, the best of them marked."""
    first, *runs = scores
    # where all are as good, as they often are where only an excess is a fault, there is no best
    best = standing({str(i): seen(score) for i, score in enumerate(runs)}).best
    marks = ["", *("*" if str(i) in best else " " for i in range(len(runs)))]
    side = "≤ " if first.only_above else "≥ " if first.only_below else ""
    ideal = f"{side}{first.best:.{2 if first.best < 100 else 3}g}"
    numbers = [f"{score}{mark}" for score, mark in zip(scores, marks, strict=True)]
    return [first.name, ideal, *numbers]


def seen(score: Score) -> Seen:
    """A measure of one run, to be compared with others'."""
    return Seen({0: score.gap}, {0: score.standard_error}, score.worst_gap)


def short_names(names: Sequence[str]) -> list[str]:
    """The folders' own names where these differ."""
    own = [Path(name).name or name for name in names]
    return own if len(set(own)) == len(names) else list(names)


def blocks_of(columns: Sequence[Sequence[str]], shared: int = 3) -> list[list[Sequence[str]]]:
    """The first columns with as many of the others as fit into the width, then again with the next."""
    blocks: list[list[Sequence[str]]] = []
    room = 0
    for column in columns[shared:]:
        width = 2 + max(map(len, column))
        if width > room or not blocks:
            blocks.append(list(columns[:shared]))
            room = 2 + WIDTH - sum(2 + max(map(len, one)) for one in columns[:shared])  # no gap before the first
        blocks[-1].append(column)
        room -= width
    return blocks


def _memorizing(cards: Mapping[str, Scorecard], real: Scorecard) -> list[str]:
    """The sentence that names the runs which repeat training examples, if there are any."""
    runs = ", ".join(name for name, card in cards.items() if card.memorizes)
    if not runs:
        return []
    return [MEMORIZES.format(runs=runs) + (REPEATS.format(floor=real.name) if real.memorizes else "")]
