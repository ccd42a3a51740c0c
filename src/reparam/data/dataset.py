"""What a model trains on: three splits, the shape and range of their values, and where they came from."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import torch

if TYPE_CHECKING:
    import numpy as np

    from reparam.data.columns.table import TableSchema
from reparam.data.density import ToyDensity
from reparam.data.picture import Picture, picture_of
from reparam.errors import UserError
from reparam.settings import ReadingConfig

Binarization = Literal["none", "threshold", "dynamic"]


class LazyArray(ABC):
    """Rows that stay on disk until asked for.

    ``array[rows]`` with an int64 tensor of row numbers returns those rows, in that order, as a tensor
    ``(len(rows), *data_shape)`` of the raw dtype in memory of its own.
    """

    #: How many processes are worth fetching with: 0 where a row is a copy, more where it has to be decoded.
    workers: int = 0

    @property
    @abstractmethod
    def shape(self) -> tuple[int, ...]:
        """Shape of the whole: ``(n, *data_shape)``."""

    @property
    @abstractmethod
    def dtype(self) -> torch.dtype:
        """The dtype of the rows."""

    @abstractmethod
    def __getitem__(self, rows: torch.Tensor) -> torch.Tensor: ...

    def __len__(self) -> int:
        return self.shape[0]


@dataclass(frozen=True)
class Split:
    """Examples and, where there are any, their labels.

    ``x``: ``(n, *data_shape)``, uint8 or float32 in memory, or a :class:`LazyArray`. ``y``: ``(n,)`` int64, in memory
    or a :class:`LazyArray` likewise. ``binarized``: the values were made 0 or 1 once and for all, whatever the data
    set's scale and binarization say.
    """

    x: torch.Tensor | LazyArray
    y: torch.Tensor | LazyArray | None = None
    binarized: bool = False

    def __post_init__(self) -> None:
        # rows of an array that is stored column by column cost a hundred times as much to pick, every step
        for name in ("x", "y"):
            if isinstance(value := getattr(self, name), torch.Tensor):
                object.__setattr__(self, name, value.contiguous())

    def __len__(self) -> int:
        return len(self.x)

    @property
    def labels(self) -> torch.Tensor | None:
        """``y`` in memory, read from the disk where it lies there."""
        return self.y if self.y is None or isinstance(self.y, torch.Tensor) else self.y[torch.arange(len(self.y))]


class _Fingerprint:
    """The fingerprint that a data set was given, else that of its splits, computed when it is first asked for."""

    def __get__(self, data: "Dataset | None", kind: type | None = None) -> str:
        if data is None:
            return ""  # what the field is unless given
        kept: dict[str, str] = data.__dict__
        if not kept["_fingerprint"]:
            from reparam.data.fingerprint import fingerprint

            kept["_fingerprint"] = fingerprint(data.splits)
        return kept["_fingerprint"]

    def __set__(self, data: "Dataset", value: str) -> None:
        data.__dict__["_fingerprint"] = value


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """A named data set in three disjoint splits.

    What a model sees is the raw value divided by ``scale`` (255 for 8-bit images, 1 otherwise), or 0 and 1 under
    binarization; :class:`reparam.data.Batches` and :func:`reparam.data.evaluation_batches` take care of both.
    """

    name: str
    train: Split
    validation: Split
    test: Split
    #: ``(channels, height, width)`` of images, ``(d,)`` of vectors, tables and toys.
    data_shape: tuple[int, ...]
    #: The labels' names, label ``k`` being ``classes[k]``; empty when unlabelled.
    classes: tuple[str, ...] = ()
    scale: float = 1.0
    #: Every value a model sees is 0 or 1.
    binary: bool = False
    binarization: Binarization = "none"
    #: SHA-256 over contents, labels and split, the same on every machine (:mod:`reparam.data.fingerprint`); of the
    #: values before binarization where ``load_data`` or ``Dataset.of`` made the data set. Never empty: computed from
    #: the splits unless given. Whoever replaces a split gives ``fingerprint=""`` with it.
    fingerprint: _Fingerprint = _Fingerprint()
    #: The exact density of a toy.
    density: ToyDensity | None = None
    #: Plain sentences on what was decided when reading.
    notes: tuple[str, ...] = ()
    seed: int = 0
    #: The smallest and largest value a model sees, where the reader has looked.
    value_range: tuple[float, float] | None = None
    #: The name or path that it is read again by, and how it was asked to be read.
    source: str | None = None
    reading: ReadingConfig = field(default_factory=ReadingConfig)
    #: How what a model sees of images is drawn; found from shape and range unless given.
    picture: Picture | None = None
    #: How the rows of a table are read, and given back; the splits hold what a model sees.
    table: "TableSchema | None" = None
    #: Of every row that was given to be read by another table's schema, why it is in no split, "" where it is.
    outside: "np.ndarray | None" = None

    def __repr__(self) -> str:
        sizes = " + ".join(f"{len(split):,}" for split in self.splits.values())
        return f"<Dataset {self.name!r}: {sizes} examples of shape {tuple(self.data_shape)}>"

    @classmethod
    def of(
        cls,
        train: Any,
        validation: Any = None,
        test: Any = None,
        labels: Any = None,
        *,
        name: str = "arrays",
        classes: Sequence[str] | None = None,
        binarization: Binarization = "none",
        seed: int = 0,
        table: "TableSchema | None" = None,
        outside: Literal["skip", "clip", "refuse"] = "refuse",
        **reading: Any,
    ) -> "Dataset":
        """A data set of what Python code holds, read as the same values in a file would be.

        Each split is a tensor, an array, a list of arrays, (x, y), a data set of torch or Hugging Face (anything with
        ``len`` and integer indexing), or a DataLoader of one, whose order and batch size are not used.

        Args:
            train: the training examples, or all there are: what is not given of the other two is held out, 80/10/10
                as for a file where neither is.
            validation: examples of the validation split.
            test: examples of the test split.
            labels: those of ``train``, ``(n,)`` strings or whole numbers, where it has none of its own.
            name: what the data are called.
            classes: the labels' names, where these are numbers from 0.
            binarization: see :func:`reparam.load_data`.
            seed: of what is held out and of what is binarized once.
            table: the schema that a table is read by, that of other data, say; found from the data unless given.
            outside: what is done with rows that ``table`` does not know (see :func:`reparam.load_data`).
            **reading: how values are read: ``read_as``, ``columns`` and the rest of
                :class:`reparam.settings.ReadingConfig`.

        Raises:
            UserError: if something cannot be read, or does not fit together.

        >>> Dataset.of(torch.rand(50, 1, 8, 8), labels=["a", "b"] * 25, name="noise")
        <Dataset 'noise': 40 + 5 + 5 examples of shape (1, 8, 8)>
        """
        from reparam.data.given import dataset_of

        how = ReadingConfig(**reading)
        return dataset_of(train, validation, test, labels, name, classes, binarization, seed, how, table, outside)

    @property
    def is_image(self) -> bool:
        """Whether examples are ``(channels, height, width)``."""
        return len(self.data_shape) == 3

    @property
    def drawn(self) -> Picture:
        """How what a model sees is drawn."""
        return self.picture or picture_of(self.data_shape, self.range)

    @property
    def splits(self) -> dict[str, Split]:
        """The splits by name: ``train``, ``validation``, ``test``."""
        return {"train": self.train, "validation": self.validation, "test": self.test}

    @property
    def range(self) -> tuple[float, float]:
        """``(low, high)`` of what a model sees: (0, 1) for 8-bit and binary data, else the smallest and largest."""
        if self.binary or self.train.x.dtype == torch.uint8:
            return 0.0, 1.0
        if self.value_range is not None:
            return self.value_range
        if isinstance(self.train.x, torch.Tensor):
            return float(self.train.x.min()) / self.scale, float(self.train.x.max()) / self.scale
        return float("-inf"), float("inf")


def require_binary(dataset: Dataset, likelihood: str = "bernoulli") -> None:
    """Refuse a likelihood of zeros and ones on data that are not.

    Raises:
        UserError: When ``dataset.binary`` is false; the sentence names the three things that would do.
    """
    if dataset.binary:
        return
    low, high = dataset.range
    zeros_and_ones = low >= 0 and high <= 1  # which other values are not brought to by binarization
    read = 'read them with binarization="dynamic" or binarization="threshold", or ' if zeros_and_ones else ""
    raise UserError(
        f"A {likelihood.capitalize()} likelihood needs values that are 0 or 1, and those of {dataset.name!r} are any "
        f'between {low:g} and {high:g}: {read}take another likelihood (likelihood="normal"; of a model of your own '
        "NormalLikelihood(data_shape))."
    )


def require_unit(dataset: Dataset, likelihood: str) -> None:
    """Refuse a likelihood of values in [0, 1] on data that leave it.

    Raises:
        UserError: When values lie outside [0, 1].
    """
    low, high = dataset.range
    if low < 0 or high > 1:
        raise UserError(
            f"A {likelihood} likelihood needs values from 0 to 1 and those of {dataset.name!r} range from {low:g} to "
            f'{high:g}: rescale them, or take likelihood="normal".'
        )
