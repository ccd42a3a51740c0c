"""The schema of a table: how its rows become vectors that a model sees, and back."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, Literal

import numpy as np

from reparam.data.columns.constant import Constant
from reparam.data.columns.form import Table, pandas_frame
from reparam.data.columns.kind import ColumnKind, SeenKind
from reparam.data.columns.label import Label
from reparam.data.columns.matching import matched, refuse_unknown, strangers
from reparam.data.columns.plain import columns_of, plain, read_file
from reparam.data.columns.rows import EncodedRows, Part
from reparam.data.columns.texts import array, texts
from reparam.data.columns.wording import counted, listed
from reparam.data.readers.cells import Cells, Dtype
from reparam.data.readers.dtypes import of_plain as dtypes_of
from reparam.data.readers.dtypes import plain as plain_dtype
from reparam.data.readers.punctuation import PLAIN, Punctuation
from reparam.data.readers.punctuation import of_plain as punctuation_of
from reparam.distributions.columns import Family, places
from reparam.errors import UserError
from reparam.files import result_json, write_result
from reparam.randomness import derive_seed

Form = Literal["table", "array"]


@dataclass(frozen=True)
class TableSchema:
    """The columns of a table in the user's order, each with how its cells are read.

    Args:
        columns: of every kind, those that are left out included.
        form: what the user has: a table whose columns have names, or an array.
        punctuation: how the user's file is written; two schemas that differ in it alone are the same.
        dtypes: the types that a frame of pandas has columns in, by name; of no effect on sameness, too.

    >>> from reparam.data.columns.guess import guess
    >>> from reparam.data.readers.cells import Column
    >>> sizes = Column("size", np.array(["S", "M", "S"], dtype=object), np.zeros(3, dtype=bool))
    >>> schema = TableSchema((guess(sizes),))
    >>> schema.encode(Cells((sizes,)), "it").tolist()
    [[0.0, 1.0], [1.0, 0.0], [0.0, 1.0]]
    >>> schema.decode([[0.1, 0.9]])["size"].tolist()
    ['S']
    """

    columns: tuple[ColumnKind, ...]
    form: Form = "table"
    punctuation: Punctuation = field(default=PLAIN, compare=False)
    dtypes: Mapping[str, Dtype] = field(default_factory=dict, compare=False)

    def __post_init__(self) -> None:
        names = Counter(kind.name for kind in self.columns)
        if twice := [name for name, count in names.items() if count > 1]:
            raise UserError(f"two columns are called {twice[0]!r}: give each a name of its own")
        if sum(kind.word == Label.word for kind in self.columns) > 1:
            raise UserError("two columns are labels: name one of them, labels=...")
        if not self.families:
            left = "; ".join(f"{kind.name!r} is left out ({kind.word}: {kind.why})" for kind in self.columns)
            raise UserError(
                f"no column is left that a model could see: {left or 'there is none'}; give columns=... kinds"
            )

    @cached_property
    def seen(self) -> tuple[SeenKind, ...]:
        """The columns that a model sees, in the order in which they lie in the vector."""
        return tuple(kind for kind in self.columns if isinstance(kind, SeenKind))

    @cached_property
    def families(self) -> tuple[Family, ...]:
        """How the columns that a model sees lie in the vector of a row."""
        return tuple(kind.family for kind in self.seen)

    @cached_property
    def width(self) -> int:
        """Entries of a row's vector."""
        return sum(family.entries for family in self.families)

    @cached_property
    def label(self) -> Label | None:
        """The column of labels."""
        return next((kind for kind in self.columns if isinstance(kind, Label)), None)

    def encode(self, cells: Cells, where: str) -> np.ndarray:
        """Rows of a table of the same columns, in any order, as a model sees them.

        Args:
            cells: what was read.
            where: what they are called in errors.

        Returns:
            ``(n, width)`` float32.

        Raises:
            UserError: if a column is not there, or cells say what the schema does not know: all of them at once.
        """
        return self.lazily(cells, where).vectors()

    def lazily(self, cells: Cells, where: str) -> EncodedRows:
        """The same, made as they are asked for.

        Raises:
            UserError: as :meth:`encode`.
        """
        wrong: list[str] = []
        parts = list(self.parts(cells, where, wrong))
        refuse_unknown(wrong, where)
        return EncodedRows(parts)

    def parts(self, cells: Cells, where: str, wrong: list[str]) -> Iterator[Part]:
        """The columns that a model sees as their kinds read them, one after the other.

        Args:
            cells: what was read.
            where: what they are called in errors.
            wrong: where it is written down what the schema does not know.
        """
        found = matched(cells, self.columns, where)
        for kind in self.seen:
            column = found[kind.name]
            missing = column.missing
            values, known = kind.read(column)
            wrong += strangers(kind, column, known, cells.lines)
            yield Part(kind, values, missing)

    def labels(self, cells: Cells, where: str) -> np.ndarray | None:
        """The codes of a table's labels, ``(n,)`` int64; None where it has none.

        Raises:
            UserError: if there are others than the schema knows.
        """
        column = next((column for column in cells.columns if self.label and column.name == self.label.name), None)
        if self.label is None or column is None:
            return None
        codes, known = self.label.read(column)
        refuse_unknown(strangers(self.label, column, known, cells.lines), where)
        return codes

    def cells(self, x: Any, y: Any = None, seed: int = 0) -> Cells:
        """Rows that a model made as a table of typed cells: constant columns, and labels ``y``, in their places.

        Args:
            x: ``(n, width)``, an array or a tensor.
            y: the codes of labels, ``(n,)``, where there are any.
            seed: of what is drawn: which of the rare words stands where a model says that one of them does.

        Raises:
            UserError: if x has another shape, or is not finite.
        """
        rows = self._rows(x)
        noise = np.random.default_rng(derive_seed(seed, "cells"))
        made = {}
        for kind, place in zip(self.seen, places(self.families), strict=True):
            entries = rows[:, place]
            missing = entries[:, -1] > 0.5 if kind.missing else np.zeros(len(rows), dtype=bool)
            made[kind.name] = kind.column(entries[:, :-1] if kind.missing else entries, missing, noise)
        made |= {kind.name: kind.cells(len(rows)) for kind in self.columns if isinstance(kind, Constant)}
        if y is not None and self.label is not None:
            made[self.label.name] = self.label.cells(np.asarray(y))
        names = [kind.name for kind in self.columns if kind.name in made]
        return Cells(tuple(replace(made[name], dtype=self.dtypes.get(name)) for name in names))

    def _rows(self, x: Any) -> np.ndarray:
        rows = np.asarray(x.detach().cpu() if hasattr(x, "detach") else x, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != self.width:
            raise UserError(f"rows of this table are vectors of {self.width}, and x has shape {rows.shape}: give (n, "
                            f"{self.width})")  # fmt: skip
        if not np.isfinite(rows).all():
            raise UserError(f"{(~np.isfinite(rows)).any(1).sum():,} of {len(rows):,} rows hold values that are not "
                            f"finite, which no cell stands for: has the training diverged?")  # fmt: skip
        return rows

    def decode(self, x: Any, y: Any = None, seed: int = 0) -> dict[str, np.ndarray]:
        """Rows that a model made as columns by name, in the user's types; as :meth:`cells`."""
        return {column.name: array(column) for column in self.cells(x, y, seed).columns}

    def frame(self, x: Any, y: Any = None, seed: int = 0, index: Any = None) -> Any:
        """Rows that a model made as a DataFrame where pandas is installed, else a light table; as :meth:`cells`."""
        made = self.table(x, y, seed)
        frame = pandas_frame(made.cells, index)
        return made if frame is None else frame

    def table(self, x: Any, y: Any = None, seed: int = 0) -> Table:
        """Rows that a model made as a light table, which writes itself as the user's file is; as :meth:`cells`."""
        return Table(tuple(self.cells(x, y, seed).columns), self.punctuation)

    def array(self, x: Any, seed: int = 0) -> np.ndarray:
        """Rows that a model made as an array ``(n, d)``: of whole numbers where every column is, else float64.

        Raises:
            UserError: if a column is not of numbers, besides what :meth:`cells` refuses.
        """
        columns = self.cells(x, seed=seed).columns
        if words := [column.name for column in columns if column.values.dtype.kind not in "ifb"]:
            raise UserError(f"column {words[0]!r} holds no numbers, and arrays hold nothing else: take a table")
        return np.stack([array(column) for column in columns], axis=1)

    @property
    def summary(self) -> str:
        """The table in a line or two: how many columns of which kind, and what is left out."""
        kinds = [kind.word for kind in self.seen]
        parts = [counted(kinds.count(word), word) for word in dict.fromkeys(kinds)]
        holes = sum(kind.missing for kind in self.seen)
        left = [f"{kind.name!r} ({kind.word})" for kind in self.columns if not isinstance(kind, SeenKind | Label)]
        labels = f"; labels: {self.label.name!r}, {counted(len(self.label.classes), 'class')}" if self.label else ""
        return (
            f"{self.form} of {counted(len(self.columns), 'column')}: {', '.join(parts)}{labels}"
            + (f"; missing cells in {counted(holes, 'column')}" if holes else "")
            + (f"; left out: {listed(left)}" if left else "")
        )

    def rows(self, x: Any = None) -> list[dict[str, str]]:
        """What is known of each column, in words.

        Args:
            x: rows as a model sees them, from which shares of missing cells and an example are taken.
        """
        holes = {kind.name: "some" if kind.missing else "none" for kind in self.columns}
        first: dict[str, str] = {}
        if x is not None and len(x):
            places_ = dict(zip((kind.name for kind in self.seen), places(self.families), strict=True))
            holes |= {
                kind.name: f"{float(x[:, places_[kind.name].stop - 1].mean()):.1%}"
                for kind in self.seen
                if kind.missing
            }
            first = {column.name: next(filter(None, texts(column)), "") for column in self.cells(x[:100]).columns}
        return [
            {
                "column": kind.name,
                "kind": kind.word,
                "why": kind.why,
                "values": kind.about,
                "missing": holes[kind.name],
                "example": first.get(kind.name, ""),
            }
            for kind in self.columns
        ]

    def plain(self) -> dict[str, Any]:
        """As JSON can hold it."""
        own: dict[str, Any] = {} if self.punctuation == PLAIN else {"punctuation": asdict(self.punctuation)}
        if self.dtypes:
            own |= {"dtypes": {name: plain_dtype(dtype) for name, dtype in self.dtypes.items()}}
        return {"form": self.form, **own, "columns": [plain(kind) for kind in self.columns]}

    @classmethod
    def of_plain(cls, given: object, where: str = "the schema") -> "TableSchema":
        """The schema that JSON holds.

        Raises:
            UserError: if it is none, or leaves open what a kind needs.
        """
        form, columns, own = columns_of(given, where)
        kinds = []
        for column in columns:
            if not isinstance(column, ColumnKind):
                raise UserError(f"{where} does not say what column {column[0]!r} of kind {column[1]} needs: restore it")
            kinds.append(column)
        punctuation, dtypes = (own.get(name) for name in ("punctuation", "dtypes"))
        return cls(
            tuple(kinds),
            "array" if form == "array" else "table",
            punctuation_of(punctuation, where),
            dtypes_of(dtypes, where),
        )

    def write(self, path: str | PathLike[str], force: bool = False) -> None:
        """Write the schema as JSON that a person can edit, and that data are read by: ``schema_file=path``.

        Raises:
            UserError: if there is a file already that reparam did not make, unless ``force``.
        """
        write_result(Path(path), result_json(self.plain()), force)

    @classmethod
    def read(cls, path: str | PathLike[str]) -> "TableSchema":
        """The schema of a file.

        Raises:
            UserError: if it holds none, or leaves open what a kind needs.
        """
        return cls.of_plain(read_file(Path(path)), str(path))
