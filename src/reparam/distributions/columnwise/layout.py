"""Where the columns of each family lie in a row, as index tensors that are made once for each device."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from reparam.distributions.columns import Category, Family, Integer, Number, places
from reparam.distributions.columnwise import integers, numbers
from reparam.distributions.columnwise.categories import Categories
from reparam.distributions.columnwise.group import Group
from reparam.distributions.columnwise.integers import Integers
from reparam.distributions.columnwise.numbers import Numbers
from reparam.errors import UserError


@dataclass(frozen=True)
class Place:
    """A group, and where it is.

    Args:
        group: what its columns are.
        entries: of a row, ``(columns, width)``.
        scales: among the scales, ``(columns,)``, or ``(0,)``.
        columns: which of the table's they are, ``(columns,)``.
    """

    group: Group
    entries: Tensor
    scales: Tensor
    columns: Tensor


@dataclass(frozen=True)
class Placed:
    """A layout on one device.

    Args:
        places: of the groups.
        order: brings the columns of the groups, one group after the other, into the table's order.
        entries: brings what the groups have of a row, and then the missing entries, into a row's order.
        missing: the entries of a row that say whether a cell is missing, ``(m,)``.
        rank: which of them is a column's own, m where it has none, ``(columns,)``.
    """

    places: tuple[Place, ...]
    order: Tensor
    entries: Tensor
    missing: Tensor
    rank: Tensor

    def spread(self, optional: Tensor, elsewhere: bool = False) -> Tensor:
        """What the columns whose cells may be missing have, and one value for all others, ``(*, columns)``."""
        other = optional.new_full((*optional.shape[:-1], 1), elsewhere)
        return torch.cat([optional, other], -1)[..., self.rank]

    def row(self, parts: Sequence[Tensor], missing: Tensor) -> Tensor:
        """A row ``(*, width)`` of what each group has, and of which cells are missing: their values are then 0.

        Args:
            parts: by group, ``(*, columns, width)``.
            missing: 0 or 1, ``(*, m)``.
        """
        there = 1 - self.spread(missing)
        kept = [part * there[..., place.columns, None] for part, place in zip(parts, self.places, strict=True)]
        return torch.cat([*(part.flatten(-2) for part in kept), missing], -1)[..., self.entries]


class Layout:
    """How the columns of a table lie in a row, and in a decoder's output, which is as wide.

    Args:
        families: of the columns, in their order.

    Raises:
        UserError: if there are none, one is no family, or a transform has no knots.

    >>> layout = Layout([Number(), Category(missing=True, levels=3)])
    >>> layout.width, layout.scaled
    (5, (0,))
    """

    def __init__(self, families: Sequence[Family]) -> None:
        for family in families:
            _check(family)
        self.families = tuple(families)
        if not self.families:
            raise UserError("families are empty: give one for each column")
        self.width = sum(family.entries for family in self.families)
        self.scaled = tuple(i for i, family in enumerate(self.families) if not isinstance(family, Category))
        """The columns that have a scale."""
        self._made: dict[tuple[torch.device, torch.dtype], Placed] = {}

    def on(self, like: Tensor) -> Placed:
        """The layout where a tensor is, in its number format; made when it is first asked for."""
        key = like.device, like.dtype
        if key not in self._made:
            # of inference's tensors no gradient could be taken later
            with torch.inference_mode(False):
                self._made[key] = self._placed(*key)
        return self._made[key]

    def _placed(self, device: torch.device, dtype: torch.dtype) -> Placed:
        kinds = {(type(family), family.width): family for family in self.families}
        found = tuple(self._place(kind, width, device, dtype) for kind, width in kinds)
        starts = [where.start for where in places(self.families)]
        optional = [i for i, family in enumerate(self.families) if family.missing]
        missing = _index([starts[i] + self.families[i].width for i in optional], device)
        rank = {column: n for n, column in enumerate(optional)}
        return Placed(
            found,
            torch.cat([place.columns for place in found]).argsort(),
            torch.cat([*(place.entries.flatten() for place in found), missing]).argsort(),
            missing,
            _index([rank.get(i, len(optional)) for i in range(len(self.families))], device),
        )

    def _place(self, kind: type[Family], width: int, device: torch.device, dtype: torch.dtype) -> Place:
        chosen = [i for i, f in enumerate(self.families) if type(f) is kind and f.width == width]
        starts = [where.start for where in places(self.families)]
        entries = _index([list(range(starts[i], starts[i] + width)) for i in chosen], device)
        scales = _index([self.scaled.index(i) for i in chosen if kind is not Category], device)
        group = _group(kind, [self.families[i] for i in chosen], device, dtype)
        return Place(group, entries, scales, _index(chosen, device))


def _check(family: object) -> None:
    if not isinstance(family, Number | Integer | Category):
        raise UserError(f"families hold a {type(family).__name__}: give a Number, an Integer or a Category")
    if isinstance(family, Number) and (family.transform == "quantile") != (len(family.knots) > 1):
        raise UserError(
            f"a number's transform {family.transform!r} and {len(family.knots)} knots will not do: give two or more "
            'pairs (x, t(x)) with "quantile", none with the others'
        )


def _group(kind: type[Family], families: Sequence[Family], device: torch.device, dtype: torch.dtype) -> Group:
    if kind is Category:
        return Categories()
    given = [family for family in families if isinstance(family, Number)]
    whole = [family for family in families if isinstance(family, Integer)]
    made: dict[str, Tensor | int] = dict(numbers.constants(given) if given else integers.constants(whole))
    moved = {name: _moved(value, device, dtype) for name, value in made.items()}
    return Numbers(**moved) if given else Integers(**moved)  # type: ignore[arg-type]


def _moved(value: Tensor | int, device: torch.device, dtype: torch.dtype) -> Tensor | int:
    if isinstance(value, int):
        return value
    return value.to(dtype).to(device) if value.is_floating_point() else value.to(device)


def _index(values: Sequence[object], device: torch.device) -> Tensor:
    return torch.tensor(values, dtype=torch.int64, device=device)
