"""A map of a plane that the reader explores: every cell a tile of one picture, shown large where one points."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from reparam.errors import UserError
from reparam.pages.picture import Picture


@dataclass(frozen=True)
class Explorer:
    """A picture of tiles, one for each point of a grid in a plane, such as decoded images over two latents.

    The pointer, or a slider for each coordinate, chooses the tile that is shown large. Without scripts, and in print,
    it is the whole picture under its caption.

    Args:
        sprite: PNG bytes, or the path of a PNG file, read when the page is rendered: rows × columns equal tiles,
            one beside another with nothing between.
        rows: how many tiles stand one above another.
        columns: how many tiles stand side by side.
        x_values: each column's coordinate, from the left; rising or falling throughout.
        y_values: each row's coordinate, from the top; rising or falling throughout.
        caption: what one sees.
        alt: the same for those who do not see it; not empty.
        x_label: the name of the coordinate that runs from left to right.
        y_label: the name of the coordinate that runs from top to bottom.
        command: what to type to make this picture alone.
        numbers_csv: the numbers behind the picture as CSV text, kept in the page under a link.
    """

    sprite: bytes | str | Path
    rows: int
    columns: int
    x_values: Sequence[float]
    y_values: Sequence[float]
    caption: str
    alt: str
    x_label: str = "z1"
    y_label: str = "z2"
    command: str | None = None
    numbers_csv: str | None = None

    def __post_init__(self) -> None:
        if not self.alt.strip():
            raise ValueError("an explorer needs an alternative text that says what it shows")
        _check_axis("x_values", self.x_values, self.columns, "columns")
        _check_axis("y_values", self.y_values, self.rows, "rows")

    @property
    def picture(self) -> Picture:
        """The whole map as a picture.

        Raises:
            UserError: where the sprite cannot be read, is not PNG, or cannot be cut into equal tiles.
        """
        picture = Picture(self.sprite, self.caption, self.alt, self.command, self.numbers_csv)
        width, height = picture.size
        if width % self.columns or height % self.rows:
            grid = f"{self.rows} × {self.columns} (rows × columns) equal tiles"
            raise UserError(f"{picture.name} of {width} × {height} pixels cannot be cut into {grid}.")
        return picture

    @property
    def x_texts(self) -> list[str]:
        """The columns' coordinates as they are read."""
        return _texts(self.x_values)

    @property
    def y_texts(self) -> list[str]:
        """The rows' coordinates as they are read."""
        return _texts(self.y_values)

    @property
    def extent(self) -> str:
        """Where the map begins and ends, for those who have only the picture."""
        x, y = self.x_texts, self.y_texts
        across = f"{self.x_label} from {x[0]} (left) to {x[-1]} (right)"
        return f"{across}, {self.y_label} from {y[0]} (top) to {y[-1]} (bottom)"


def _check_axis(name: str, values: Sequence[float], count: int, of: str) -> None:
    """Refuse coordinates that are too few, too many, not finite, or that turn back."""
    if count < 1 or len(values) != count:
        raise ValueError(f"{name} must be one for each of the {of}: {len(values)} given, {of}={count}")
    if not all(math.isfinite(value) for value in values):
        raise ValueError(f"{name} must be finite: {list(values)}")
    signs = {math.copysign(1, b - a) if a != b else 0 for a, b in pairwise(values)}
    if len(signs) > 1 or 0 in signs:
        raise ValueError(f"{name} must rise throughout or fall throughout: {list(values)}")


def _texts(values: Sequence[float]) -> list[str]:
    """Numbers with two decimals, or as many as tell neighbours apart.

    >>> _texts([1.28, 0.0, -1.28]), _texts([0.001, 0.002])
    (['1.28', '0.00', '−1.28'], ['0.001', '0.002'])
    """
    step = min((abs(b - a) for a, b in pairwise(values)), default=1.0)
    digits = max(2, math.ceil(-math.log10(step) - 1e-9))
    return [f"{value:z.{digits}f}".replace("-", "−") for value in values]
