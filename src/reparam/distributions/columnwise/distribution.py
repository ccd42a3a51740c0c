"""The distribution of a row of a table, column by column."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from reparam.distributions.base import Distribution, broadcast_shape, check_parameters
from reparam.distributions.columns import Family
from reparam.distributions.columnwise.layout import Layout, Place, Placed
from reparam.errors import UserError


class Columns(Distribution):
    """Independent columns, of numbers, whole numbers and categories, in each of which cells may be missing.

    A row is a vector laid out as :mod:`reparam.distributions.columns` says. Its log p is in nats per row, of which
    cells are missing and of the values of those that are not: densities in the columns' own units where these are
    numbers, probabilities elsewhere. It is -∞ for a row that cannot be: a whole number beyond its ends or between two,
    a code that is not one-hot, a missing cell that has a value.

    Args:
        families: of the columns, or their layout where there is one.
        output: laid out as a row: the mean of a number, the mean of the logistic that whole numbers are bins of, both
            in units of the row; the logits of a category and the log-odds that a cell is missing,
            ``(*batch_shape, width)``.
        log_scale: logarithms of the scales of numbers and whole numbers in their order, in units of the row, of a shape
            that broadcasts with ``(*batch_shape, how many)``.

    Raises:
        UserError: if shapes do not fit the families.

    >>> from reparam.distributions.columns import Category, Number
    >>> p = Columns([Number(scale=10.0), Category(missing=True, levels=2)], torch.zeros(4), torch.zeros(1))
    >>> x = torch.tensor([[0.0, 1.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]])
    >>> p.log_prob_columns(x)  # -log(10 √2π); log ¼ that one is seen, log ½ that it is missing
    tensor([[-3.2215, -1.3863],
            [-3.2215, -0.6931]])
    """

    def __init__(self, families: Sequence[Family] | Layout, output: Tensor, log_scale: Tensor) -> None:
        super().__init__(event_dims=1)
        self.layout = families if isinstance(families, Layout) else Layout(families)
        check_parameters(1, output=output)
        check_parameters(1, log_scale=log_scale)
        check_parameters(1, output=output[..., :1], log_scale=log_scale[..., :1])
        wanted = self.layout.width, len(self.layout.scaled)
        if (output.shape[-1], log_scale.shape[-1]) != wanted:
            raise UserError(
                f"output {tuple(output.shape)} and log_scale {tuple(log_scale.shape)} do not fit the columns: give "
                f"(*batch, {wanted[0]}) and (*batch, {wanted[1]})"
            )
        self.output, self.log_scale = (
            output.expand(broadcast_shape(output.shape, (*log_scale.shape[:-1], 1))),
            log_scale,
        )

    @property
    def shape(self) -> torch.Size:
        """That of the parameters."""
        return self.output.shape

    @property
    def mean(self) -> Tensor:
        """The row that stands for the whole: no expectation but of numbers, since a row has to be one that can be.

        Numbers have their mean, whole numbers the nearest to their median, categories the most probable, and a cell is
        missing where that is more probable.
        """
        at = self._placed
        missing = (self.output[..., at.missing] > 0).to(self.output.dtype)
        parts = [
            place.group.center(self.output[..., place.entries], self.log_scale[..., place.scales])
            for place in at.places
        ]
        return at.row(parts, missing)

    def sample(self, sample_shape: Sequence[int] = ()) -> Tensor:
        """Draws of rows that can be. A gradient reaches the means and scales of numbers, nothing else."""
        at = self._placed
        logits = self.output[..., at.missing].detach()
        missing = torch.bernoulli(logits.sigmoid().expand(*sample_shape, *logits.shape))
        drawn = [
            place.group.draw(self.output[..., place.entries], self.log_scale[..., place.scales], sample_shape)
            for place in at.places
        ]
        return at.row(drawn, missing)

    def log_prob(self, value: Tensor) -> Tensor:
        """Log p of rows in nats, ``(*batch_shape,)``."""
        return self.log_prob_columns(value).sum(-1)

    def log_prob_columns(self, value: Tensor) -> Tensor:
        """What each column contributes, ``(*batch_shape, columns)``.

        Where cells may be missing, of whether this one is, and of its value if it is not.
        """
        at = self._placed
        judged = [self._judged(place, value) for place in at.places]
        term, fits, blank = (torch.cat(parts, -1)[..., at.order] for parts in zip(*judged, strict=True))
        if not len(at.missing):
            return torch.where(fits, term, -torch.inf)
        told, logits = value[..., at.missing], self.output[..., at.missing]
        whether = torch.where(told == 1, logits, 0.0) - F.softplus(logits)
        missing = at.spread(told == 1)
        can_be = torch.where(missing, blank, fits) & at.spread((told == 0) | (told == 1), True)
        log_p = torch.where(missing, 0.0, term) + at.spread(whether)
        return torch.where(can_be, log_p, -torch.inf)

    def _judged(self, place: Place, value: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        judged = place.group.judge(
            value[..., place.entries], self.output[..., place.entries], self.log_scale[..., place.scales]
        )
        return judged.term, judged.fits.expand_as(judged.term), judged.blank.expand_as(judged.term)

    @property
    def _placed(self) -> Placed:
        return self.layout.on(self.output)

    def entropy(self) -> Tensor:
        """Of which cells are missing, and of the values of those that are not, in the columns' own units.

        Raises:
            UserError: where a column has too many whole numbers to sum over.
        """
        at = self._placed
        parts = [
            place.group.entropy(self.output[..., place.entries], self.log_scale[..., place.scales])
            for place in at.places
        ]
        return self._with_missing(parts, lambda p, logits: F.softplus(logits) - p * logits)

    def kl(self, other: Distribution) -> Tensor:
        """Closed form between rows of the same columns.

        Raises:
            UserError: if they are not, or a column has too many whole numbers to sum over.
        """
        if not isinstance(other, Columns) or other.layout.families != self.layout.families:
            return super().kl(other)
        at = self._placed
        theirs = other.output[..., at.missing]
        parts = [
            place.group.kl(
                *(self.output[..., place.entries], self.log_scale[..., place.scales]),
                *(other.output[..., place.entries], other.log_scale[..., place.scales]),
            )
            for place in at.places
        ]
        return self._with_missing(
            parts, lambda p, logits: p * (logits - theirs) - F.softplus(logits) + F.softplus(theirs)
        )

    def _with_missing(self, parts: Sequence[Tensor], whether: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """The sum over columns of what depends on values, as often as they are there, and of whether they are."""
        at = self._placed
        logits = self.output[..., at.missing]
        of_values = torch.cat(list(parts), -1)[..., at.order]
        there = at.spread((-logits).sigmoid(), True)
        return (there * of_values).sum(-1) + whether(logits.sigmoid(), logits).sum(-1)

    def detached(self) -> "Columns":
        """The same columns with no gradient to their parameters."""
        return Columns(self.layout, self.output.detach(), self.log_scale.detach())
