"""What a training on a table needs besides: rows that can be, and a word on columns whose density has no top."""

from typing import TYPE_CHECKING

import torch

from reparam.data import Dataset
from reparam.data.units import some_values
from reparam.distributions.columns import places
from reparam.errors import UserError
from reparam.models.model import Model
from reparam.models.protocols import HasLikelihood, can
from reparam.models.vae.columns import ColumnsLikelihood
from reparam.training.callbacks import Callback

if TYPE_CHECKING:
    from reparam.training.session import Session

NAMED = 5
"""More columns than these are counted."""


@torch.no_grad()
def require_rows(likelihood: ColumnsLikelihood, data: Dataset) -> None:
    """Refuse data that are not rows of the likelihood's columns.

    Raises:
        UserError: naming the first column that is another one, or the first row that cannot be.
    """
    if data.table is not None:
        if data.table.families != likelihood.layout.families:
            raise UserError(
                f"the model's likelihood is one of other columns than those of {data.name!r}: compose it of "
                "ColumnsLikelihood(data.table.families)"
            )
        return
    x, rows = some_values(data)
    columns = likelihood(torch.zeros(likelihood.output_shape, device=likelihood.floor.device))
    wrong = columns.log_prob_columns(x.to(likelihood.floor)).isneginf().nonzero()
    if len(wrong):
        row, column = wrong[0].tolist()
        families = likelihood.layout.families
        entries = ", ".join(f"{value:g}" for value in x[row, places(families)[column]].tolist())
        raise UserError(
            f"column {column + 1} of example {int(rows[row]) + 1} of {data.name!r} is {entries}, which no "
            f"{type(families[column]).__name__} is: give rows as reparam.distributions.columns says"
        )


class Floors(Callback):
    """Warns in the end of columns whose scale is as small as it may be."""

    def end(self, session: "Session") -> None:
        """Say so, once the best weights are there."""
        if sentence := at_floor(session.model, session.data):
            session.note(f"warning: {sentence}")


def at_floor(model: Model, data: Dataset) -> str | None:
    """A sentence where the density of numbers is bounded by the smallest scale alone."""
    if not can(model, HasLikelihood) or not isinstance(model.likelihood, ColumnsLikelihood):
        return None
    found = model.likelihood.at_floor()
    if not found:
        return None
    names = [repr(data.table.seen[i].name) if data.table is not None else str(i + 1) for i in found]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    which = f"column{'s' if len(names) > 1 else ''} {', '.join(names[:NAMED])}{more}"
    return (
        f"{which}: numbers are told as exactly as they are rounded, and log p says by how many digits rather than how "
        "well the rest is modelled: take such columns for integer or category with columns=..., or leave them out "
        "with drop=..."
    )
