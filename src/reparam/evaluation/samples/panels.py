"""What runs came to as panels of a figure: log p(x), then each score."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reparam.evaluation.likelihood.estimate import LogLikelihood
from reparam.evaluation.samples.scorecard import Scorecard

if TYPE_CHECKING:
    from reparam.plots import Panel

Row = tuple[Scorecard | None, LogLikelihood | None]
NAN = float("nan")


def panels_of(rows: Sequence[Row]) -> "list[Panel]":
    """A panel for each measure that any row has; NaN, which is not drawn, where another has it not."""
    from reparam.plots import Panel

    panels = []
    likelihoods = [likelihood for _, likelihood in rows]
    if any(likelihoods):
        means, errors = (
            [NAN if one is None else getattr(one, name) for one in likelihoods] for name in ("mean", "standard_error")
        )
        panels.append(Panel("log p(x) (nats)", means, errors))
    scores = [None if card is None else card.scores() for card, _ in rows]
    for column in range(max((len(one) for one in scores if one is not None), default=0)):
        cells = [None if one is None else one[column] for one in scores]
        known = next(cell for cell in cells if cell is not None)
        errors = [NAN if cell is None or cell.standard_error is None else cell.standard_error for cell in cells]
        panels.append(Panel(known.name, [NAN if cell is None else cell.value for cell in cells], errors, known.best))
    return panels
