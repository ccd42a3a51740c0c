"""The column of labels: no part of an example, but what it is an example of."""

from typing import Annotated, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from reparam.data.columns.category import Type, numbers
from reparam.data.columns.kind import ColumnKind, Read, base, wrong
from reparam.data.columns.texts import texts
from reparam.data.readers.cells import Column


class Label(ColumnKind):
    """The labels of a table: label k is the k-th of the classes."""

    word: ClassVar[str] = "label"

    classes: Annotated[tuple[str, ...], Field(min_length=1)]
    """The words that there are; numbers in their order, words in theirs."""
    type: Type = "words"
    """What is given back."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError(f"column {self.name!r}: its classes are not different words")
        if self.type != "words":
            numbers(list(self.classes), self.type, self.name)
        return self

    @classmethod
    def of(cls, column: Column, why: str = "") -> Self:
        """The classes of a column of labels."""
        if column.missing.any():
            raise wrong(column, cls.word, f"has {column.missing.sum():,} missing cells", "category")
        whole = whole_labels(column)
        type_: Type = "words" if whole is None else "integers"
        known = np.unique(texts(column)) if whole is None else np.unique(whole)
        return cls(**base(column, why), classes=tuple(str(value) for value in known.tolist()), type=type_)

    @property
    def about(self) -> str:
        """The first classes, and how many there are."""
        more = f", ... ({len(self.classes)})" if len(self.classes) > 6 else ""
        return ", ".join(self.classes[:6]) + more

    def read(self, column: Column) -> Read:
        """The codes of labels."""
        place = {word: at for at, word in enumerate(self.classes)}
        whole = whole_labels(column)
        words = texts(column) if whole is None or self.type == "words" else whole.astype(str).astype(object)
        codes = np.array([place.get(word, -1) for word in words.tolist()], dtype=np.int64)
        return Read(codes.clip(0), codes >= 0)

    def cells(self, codes: np.ndarray) -> Column:
        """The labels that codes stand for."""
        words = np.array(self.classes, dtype=object)[codes]
        values = words if self.type == "words" else numbers(words.tolist(), self.type, self.name)
        return Column(self.name, values, np.zeros(len(values), dtype=bool))


def whole_labels(column: Column) -> np.ndarray | None:
    """Labels that are whole numbers, as such; None where they are words, dates, truths or fractions."""
    values = column.values
    if values.dtype.kind == "f" and not column.missing.any() and np.array_equal(values, np.rint(values)):
        return values.astype(np.int64)
    return values if values.dtype.kind == "i" else None
