"""One door to all data: a name or a path in, a Dataset out."""

import os
from dataclasses import replace
from typing import Any

from reparam.data.columns.outside import Outside
from reparam.data.columns.table import TableSchema
from reparam.data.dataset import Binarization, Dataset
from reparam.data.frozen import frozen
from reparam.data.readers.asked import Asked
from reparam.data.readers.sources import NAMES, read
from reparam.data.reading import Reading
from reparam.door import user_path
from reparam.errors import UserError
from reparam.settings import ReadingConfig

MEMORY_LIMIT = 2**30
WHITE = 255.0


def load_data(
    name_or_path: str | os.PathLike[str],
    *,
    binarization: Binarization = "none",
    seed: int = 0,
    memory_limit: int = MEMORY_LIMIT,
    table: TableSchema | None = None,
    outside: Outside = "refuse",
    **reading: Any,
) -> Dataset:
    """Read a named data set, a file or a folder.

    Args:
        name_or_path: ``mnist``, ``fashion-mnist`` (or ``fashion-mnist:FOLDER``), a toy (``ring``, ``grid``,
            ``moons``, ``two-gaussians``), or the path of an IDX images file, an ``.npy``, ``.npz`` or ``.csv`` file, a
            folder of the four usual IDX files, or a folder, a ``.zip`` or a ``.tar`` of images. A path given as a
            ``Path`` is never taken for a name.
        binarization: ``dynamic``: training values are drawn 0 or 1 afresh in each batch, validation and test once
            from the seed; ``threshold``: 1 above one half; ``none``.
        seed: Of the split where the source names none, of the toys' draws, and of what is binarized once.
        memory_limit: Bytes from which an ``.npy`` file or a folder of images stays on disk.
        table: The schema that a table is read by, that of other data, say; found from the data unless given.
        outside: What is done with rows that ``table`` does not know: they are refused with all the others, left out
            (``"skip"``), or their numbers and dates taken at the end of the range (``"clip"``).
        **reading: how files are read: ``image_size``, ``labels``, ``columns`` and the rest of
            :class:`reparam.settings.ReadingConfig`.

    Raises:
        UserError: When the source is unknown, missing, corrupt or of no use, or cannot be binarized: one sentence
            says which.

    >>> data = load_data("ring", seed=1)
    >>> data.data_shape, len(data.train), data.density.modes.shape
    ((2,), 50000, torch.Size([8, 2]))
    """
    if not isinstance(name_or_path, str | os.PathLike):
        raise UserError(f"load_data reads names and paths, and was given a {type(name_or_path).__name__}: give it to "
                        f"reparam.fit as it is, or to reparam.data.Dataset.of(...)")  # fmt: skip
    data = read_data_set(name_or_path, Asked(seed, memory_limit, ReadingConfig(**reading), table, outside=outside))
    return binarized(data, binarization)


def read_data_set(name_or_path: str | os.PathLike[str], asked: Asked) -> Dataset:
    """A source's values as they were read, as :func:`load_data`.

    Raises:
        UserError: when it cannot be read.
    """
    data = from_reading(read(name_or_path, asked), asked.seed)
    return replace(data, source=_absolute(name_or_path), reading=_anywhere(asked.how))


def _anywhere(how: ReadingConfig) -> ReadingConfig:
    """Settings that name their file from the root, so that it is found from any working directory."""
    if how.schema_file is None:
        return how
    return how.model_copy(update={"schema_file": str(user_path(how.schema_file).absolute())})


def _absolute(source: str | os.PathLike[str]) -> str:
    """A name as it is, a path from the root, so that it is found from any working directory.

    >>> _absolute("mnist")
    'mnist'
    """
    given = os.fspath(source)
    name, colon, folder = given.partition(":")
    if isinstance(source, str) and name in NAMES:
        return name + colon + (str(user_path(folder).absolute()) if colon else "")
    return str(user_path(given).absolute())


def from_reading(reading: Reading, seed: int) -> Dataset:
    """What a reader hands over as a data set, its values as they were read."""
    return Dataset(
        name=reading.name,
        train=reading.splits["train"],
        validation=reading.splits["validation"],
        test=reading.splits["test"],
        data_shape=reading.data_shape,
        classes=reading.classes,
        scale=reading.scale,
        binary=reading.binary,
        density=reading.density,
        notes=reading.notes,
        seed=seed,
        value_range=(reading.low / reading.scale, reading.high / reading.scale),
        table=reading.table,
        picture=reading.picture,
        outside=reading.outside,
    )


def binarized(data: Dataset, binarization: Binarization) -> Dataset:
    """The same data with grey values made 0 or 1 (see :func:`load_data`), without reading them again.

    Raises:
        UserError: When values lie outside [0, 1], or the word is none of the three.
    """
    if binarization not in ("none", "threshold", "dynamic"):
        raise UserError(f"Binarization {binarization!r} is unknown: take none, threshold or dynamic.")
    if binarization == "none":
        return data
    if data.table is not None:
        raise UserError(
            f'{data.name!r} is a table, whose columns have kinds of their own: take binarization="none", '
            'or read plain numbers with read_as="vectors".'
        )
    if data.binary:
        return replace(data, notes=(*data.notes, f"already 0 and 1: binarization {binarization} changes nothing"))
    low, high = data.range
    if low < 0 or high > 1:
        raise UserError(
            f"{data.name!r} cannot be binarized: its values range from {low:g} to {high:g}, and binarization needs "
            f'values in [0, 1]; rescale them or take binarization="none".'
        )
    # The range and the scale stay those of the raw values; the splits made 0 or 1 here say so themselves.
    data = replace(data, binarization=binarization, binary=True)
    once = replace(data, validation=frozen(data.validation, data, "validation"), test=frozen(data.test, data, "test"))
    scale = 1.0 if data.scale == WHITE else data.scale  # that of deeper values says how new ones are read
    return once if binarization == "dynamic" else replace(once, train=frozen(data.train, data, "train"), scale=scale)
