"""Writing a figure, and the numbers behind it beside it, whole or not at all."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from reparam.errors import UserError
from reparam.files import MADE_BY, check_targets, npz, write_result
from reparam.plots.style import DPI
from reparam.result import Pieces, write_png


def save(
    figure: Figure,
    path: str | Path,
    numbers: Mapping[str, ArrayLike | Pieces] | None = None,
    force: bool = False,
) -> Path:
    """Write ``figure`` as PNG at 150 dots an inch and, where given, ``numbers`` beside it as ``.npz``.

    Each is written in full under another name first, so a failure leaves neither a half file nor a stray one. Folders
    on the way are made.

    Args:
        figure: what to draw.
        path: a name ending in ``.png``, or without an ending.
        numbers: the arrays the figure shows; read back with ``numpy.load``. No objects, which would need unpickling.
        force: replace files that are there already, whoever made them; else only what reparam made.

    Returns:
        The picture's path; the numbers are at ``path.with_suffix(".npz")``.

    Raises:
        UserError: for another ending than ``.png``, where a file of somebody else's is there, or where the file
            system refuses.
        TypeError: for numbers that are not plain arrays.
    """
    path, beside = targets(path)
    given = (numbers or {}).items()
    arrays = {name: values if isinstance(values, Pieces) else np.asarray(values) for name, values in given}
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"the numbers '{name}' are Python objects, not a plain array")

    check_targets([path, beside] if arrays else [path], force=force)

    def write(part: Path) -> None:
        _draw(figure, part)
        if arrays:
            write_result(beside, npz(arrays), force)

    write_result(path, write, force)
    return path


def targets(path: str | Path) -> tuple[Path, Path]:
    """The picture and the numbers that :func:`save` writes under a name.

    Raises:
        UserError: for another ending than ``.png``, or no name.

    >>> [target.name for target in targets("runs/seen")]
    ['seen.png', 'seen.npz']
    """
    path = Path(path)
    if not path.name:
        raise UserError(f"{str(path)!r} names no file: name the picture with out=...")
    path = path.with_name(path.name + ".png") if not path.suffix else path
    if path.suffix.lower() != ".png":
        raise UserError(f"A picture is written as PNG, not as '{path.suffix}'; name it {path.name}.png, say.")
    return path, path.with_suffix(".npz")


def _draw(figure: Figure, path: Path) -> None:
    """The figure as PNG at ``path``, whatever that name ends in."""
    write_png(figure, path, DPI, Software=MADE_BY)
