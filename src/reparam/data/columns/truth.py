"""Truth values, however they are written."""

from typing import ClassVar, Self

import numpy as np
from pydantic import model_validator

from reparam.data.columns.kind import Read, SeenKind, base, wrong
from reparam.data.columns.texts import TRUTHS, texts
from reparam.data.readers.cells import Column
from reparam.distributions.columns import Category as Family


class Truth(SeenKind):
    """True or false: a one-hot code of two levels, false first."""

    word: ClassVar[str] = "truth"

    written: str | None = None
    """How they are written, as in ``yes/no``; none: as truth values themselves."""

    @model_validator(mode="after")
    def _two_words(self) -> Self:
        yes, no = self.words
        if not yes or not no or yes == no or "/" in no:
            raise ValueError(f"column {self.name!r}: written={self.written!r} is no pair of words such as yes/no")
        return self

    @classmethod
    def of(cls, column: Column, why: str = "") -> Self:
        """How a column of truth values is written."""
        if column.values.dtype.kind != "b":
            raise wrong(column, cls.word, "holds what is neither true nor false", "category")
        return cls(**base(column, why), written=column.written)

    @property
    def family(self) -> Family:
        """One level of two."""
        return Family(missing=self.missing, levels=2)

    @property
    def about(self) -> str:
        """The two words."""
        return " or ".join(self.words)

    @property
    def words(self) -> tuple[str, str]:
        """What true and false are called."""
        yes, _, no = (self.written or TRUTHS).partition("/")
        return yes, no

    @property
    def told(self) -> str:
        """The word whose entry is the largest."""
        yes, no = self.words
        return f"the largest of {no}, {yes}"

    def read(self, column: Column) -> Read:
        """Truth values, the words that stand for them here, and 1 and 0."""
        if column.values.dtype.kind == "b":
            return Read(column.values.astype(np.int64), np.ones(len(column.values), dtype=bool))
        yes, no = (word.lower() for word in self.words)
        meanings = {"1": 1, "0": 0, "1.0": 1, "0.0": 0, yes: 1, no: 0}
        found = np.array([meanings.get(word.lower(), -1) for word in texts(column).tolist()], dtype=np.int64)
        return Read(found.clip(0), column.missing | (found >= 0))

    def entries(self, values: np.ndarray) -> np.ndarray:
        """A 1 behind for true, in front for false."""
        return np.asarray(np.eye(2)[values])

    def column(self, entries: np.ndarray, missing: np.ndarray, noise: np.random.Generator) -> Column:
        """True where the second entry is the larger."""
        return Column(self.name, (entries[:, 1] > entries[:, 0]) & ~missing, missing, written=self.written)
