"""Writing a figure, and the numbers behind it beside it, whole or not at all."""

import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from reparam.errors import UserError
from reparam.files import replace_atomically, write_npz
from reparam.plots.style import DPI


def save(figure: Figure, path: str | Path, numbers: Mapping[str, ArrayLike] | None = None) -> Path:
    """Write ``figure`` as PNG at 150 dots an inch and, where given, ``numbers`` beside it as ``.npz``.

    Each is written in full under another name first, so a failure leaves neither a half file nor a stray one. Folders
    on the way are made.

    Args:
        figure: what to draw.
        path: a name ending in ``.png``, or without an ending.
        numbers: the arrays the figure shows; read back with ``numpy.load``. No objects, which would need unpickling.

    Returns:
        The picture's path; the numbers are at ``path.with_suffix(".npz")``.

    Raises:
        UserError: for another ending than ``.png``, or where the file system refuses.
        TypeError: for numbers that are not plain arrays.
    """
    path = Path(path)
    path = path.with_name(path.name + ".png") if not path.suffix else path
    if path.suffix.lower() != ".png":
        raise UserError(f"A picture is written as PNG, not as '{path.suffix}'; name it {path.name}.png, say.")
    arrays = {name: np.asarray(values) for name, values in (numbers or {}).items()}
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"the numbers '{name}' are Python objects, not a plain array")

    def write(beside: Path) -> None:
        _draw(figure, beside)
        if arrays:
            write_npz(path.with_suffix(".npz"), arrays)

    replace_atomically(path, write)
    return path


def _draw(figure: Figure, path: Path) -> None:
    """The figure as PNG at ``path``, whatever that name ends in."""
    with warnings.catch_warnings():
        # A class name in a script the font lacks is drawn as boxes; a warning for each letter of it helps nobody.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        figure.savefig(path, format="png", dpi=DPI)
