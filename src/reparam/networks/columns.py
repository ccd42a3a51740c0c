"""The head of a generator of tables: what its output means, column by column."""

from collections.abc import Sequence

from torch import Tensor, nn

from reparam import checks
from reparam.distributions.columns import Family
from reparam.distributions.columnwise import Layout, StraightThroughColumns
from reparam.recording import recorded


@recorded
class ColumnsHead(nn.Module):
    """From a generator's output, laid out as a row of a table is, to the distribution of rows.

    Args:
        families: of the columns, in their order.
        temperature: of the gradient through choices, see :class:`StraightThroughColumns`.

    Raises:
        UserError: if there are no families, or the temperature is not positive.

    >>> import torch
    >>> from reparam.distributions.columns import Category, Number
    >>> head = ColumnsHead([Number(), Category(levels=3)])
    >>> x = head(torch.zeros(5, 4, requires_grad=True)).sample()
    >>> x.shape, x[:, 1:].detach().sum(1)
    (torch.Size([5, 4]), tensor([1., 1., 1., 1., 1.]))
    """

    def __init__(self, families: Sequence[Family], temperature: float = 0.5) -> None:
        super().__init__()
        self.layout, self.temperature = Layout(families), checks.positive("temperature", temperature)

    def forward(self, output: Tensor) -> StraightThroughColumns:
        """The distribution that rows are drawn from."""
        return StraightThroughColumns(self.layout, output, self.temperature)
