"""What was found can be asked for its numbers, its figure and its text: the base of every result there is."""

import io
import math
import warnings
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from reparam.errors import UserError
from reparam.terminal import harmless

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.figure import Figure

NOTEBOOK_DPI = 100
UNSAID = {"json": False}
"""Of a field that has no place in JSON, as the schema of a table: ``field(metadata=UNSAID)``."""


class Result(ABC):
    """Something found: ``numbers``, ``figure()``, ``str()`` and ``json()``; in a notebook it shows itself.

    Numbers are kept and pictures made when they are asked for, so that a result costs what was computed and no more.
    """

    @property
    @abstractmethod
    def numbers(self) -> "dict[str, np.ndarray]":
        """The arrays by name: what the figure shows, and what is written beside it."""

    @abstractmethod
    def figure(self) -> "Figure":
        """The picture; matplotlib is loaded here and not before.

        Raises:
            UserError: if there is nothing that could be drawn.
        """

    @abstractmethod
    def __str__(self) -> str: ...

    def __repr__(self) -> str:
        return str(self)

    def json(self) -> dict[str, Any]:
        """What JSON can hold of it: words and single numbers, None for what is not finite, and no arrays."""
        found = plain(self)
        assert isinstance(found, dict)
        return found

    def _repr_png_(self) -> bytes | None:
        """The picture as a notebook shows it; None where there is none, and the text stands alone."""
        try:
            figure = self.figure()
        except UserError:
            return None
        file = io.BytesIO()
        write_png(figure, file, NOTEBOOK_DPI)
        return file.getvalue()


def write_png(figure: "Figure", file: Any, dpi: int, **metadata: str) -> None:
    """Draw a figure; names in it that hold what no font has are spelled out, or are boxes without a warning each.

    Args:
        figure: to be drawn.
        file: a path or an open file.
        dpi: dots per inch.
        **metadata: of the PNG file.
    """
    from matplotlib.text import Text

    for words in figure.findobj(Text):
        assert isinstance(words, Text)
        words.set_text(harmless(words.get_text()))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(file, format="png", dpi=dpi, metadata=metadata)


class Arrays(Result):
    """A result whose numbers are the arrays among the fields of its dataclass, and whose text says their shapes."""

    @property
    def numbers(self) -> "dict[str, np.ndarray]":
        """The arrays by the names of their fields."""
        named = {field.name: getattr(self, field.name) for field in fields(self)}  # type: ignore[arg-type]
        return {name: value for name, value in named.items() if _is_array(value)}

    @property
    @abstractmethod
    def title(self) -> str:
        """What it is, in a line: over the picture and at the head of the text."""

    def __str__(self) -> str:
        shapes = ", ".join(f"{name} {tuple(array.shape)}" for name, array in self.numbers.items())
        return f"{self.title}\n  numbers: {shapes}"

    def json(self) -> dict[str, Any]:
        """Words and single numbers, and the shapes of the arrays."""
        return super().json() | {"shapes": {name: list(array.shape) for name, array in self.numbers.items()}}


class Pieces:
    """An array that is made a piece at a time, anew for each loop over it; it is whole only where NumPy asks for it.

    Args:
        shape: of the whole.
        dtype: of its numbers.
        make: gives its rows piece by piece.

    >>> import numpy as np
    >>> pieces = Pieces((5, 1), "float32", lambda: iter([np.zeros((3, 1), "float32"), np.ones((2, 1), "float32")]))
    >>> [len(piece) for piece in pieces], np.asarray(pieces).sum().item()
    ([3, 2], 2.0)
    """

    def __init__(self, shape: Sequence[int], dtype: Any, make: Callable[[], "Iterator[np.ndarray]"]) -> None:
        import numpy as np

        self.shape, self.dtype, self._make = tuple(shape), np.dtype(dtype), make
        self.ndim, self.nbytes = len(self.shape), self.dtype.itemsize * math.prod(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __iter__(self) -> "Iterator[np.ndarray]":
        return self._make()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> "np.ndarray":
        import numpy as np

        return np.concatenate(list(self)).astype(dtype or self.dtype, copy=False)


def plain(value: Any) -> Any:
    """A value as JSON can hold it: fields and entries by name, arrays left out, None for numbers that are not finite.

    >>> plain({"a": (1, float("inf")), 2: float("nan")})
    {'a': [1, None], '2': None}
    """
    if is_dataclass(value) and not isinstance(value, type):
        return plain(
            {field.name: getattr(value, field.name) for field in fields(value) if "json" not in field.metadata}
        )
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items() if not _hidden(part)}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(part) for part in value if not _hidden(part)]
    if isinstance(value, PurePath):
        return str(value)
    value = value.item() if hasattr(value, "item") else value  # a number of numpy's or torch's
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _is_array(value: Any) -> bool:
    return hasattr(value, "__array__") and bool(getattr(value, "ndim", 0))


def _hidden(value: Any) -> bool:
    """What has no place in JSON: arrays, and how a result is drawn."""
    return _is_array(value) or callable(value)
