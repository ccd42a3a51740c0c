"""Words: one of a number of levels, of which the rare ones are taken together."""

from collections import Counter
from typing import Annotated, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from reparam.data.columns.kind import Read, SeenKind, base, wrong
from reparam.data.columns.texts import texts
from reparam.data.readers.cells import Column
from reparam.distributions.columns import Category as Family

MOST_LEVELS = 256
"""Levels that a model tells apart; where there are more, the last of them stands for all that are rarer."""
MOST_POOLED = 4096
"""Words that are kept of the rare ones, to be given back."""
Type = Literal["words", "integers", "numbers"]
Words = tuple[str, ...]


class Category(SeenKind):
    """One of some words (or of numbers that are no quantities): a one-hot code.

    Where there are more than ``MOST_LEVELS``, the rarer ones are pooled: they share one level more, behind the others,
    which is given back as one of them, drawn by the shares that they have among the rare.
    """

    word: ClassVar[str] = "category"

    levels: Annotated[Words, Field(max_length=MOST_LEVELS)]
    """The words that a model tells apart, in an order of their own or sorted."""
    pooled: Annotated[dict[str, Annotated[int, Field(gt=0, le=2**53)]], Field(max_length=MOST_POOLED)] = Field(
        default_factory=dict
    )
    """Rare words, and how often each was there."""
    type: Type = "words"
    """What is given back."""

    @model_validator(mode="after")
    def _distinct(self) -> Self:
        every = [*self.levels, *self.pooled]
        if len(set(every)) != len(every) or not every:
            raise ValueError(f"column {self.name!r}: its levels are not different words, or none")
        if self.type != "words":
            numbers(every, self.type, self.name)
        return self

    @classmethod
    def of(cls, column: Column, why: str = "") -> Self:
        """The words of a column, the frequent ones by themselves."""
        counts = Counter(texts(column)[~column.missing].tolist())
        if not counts:
            raise wrong(column, cls.word, "has no cell that is not missing", "constant")
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        kept = len(ranked) if len(ranked) <= MOST_LEVELS else MOST_LEVELS - 1
        order = {word: at for at, word in enumerate(column.levels or ())}
        types: dict[str, Type] = {"i": "integers", "f": "numbers"}
        return cls(
            **base(column, why),
            levels=tuple(sorted(ranked[:kept], key=lambda word: (order.get(word, len(order)), word))),
            pooled={word: counts[word] for word in ranked[kept : kept + MOST_POOLED]},
            type=types.get(column.values.dtype.kind, "words"),
        )

    @property
    def width(self) -> int:
        """Levels, that of the rare ones included."""
        return len(self.levels) + bool(self.pooled)

    @property
    def family(self) -> Family:
        """One level among as many."""
        return Family(missing=self.missing, levels=self.width)

    @property
    def about(self) -> str:
        """The first levels, and how many are pooled."""
        more = f", ... ({len(self.levels)})" if len(self.levels) > 6 else ""
        rare = f"; {len(self.pooled):,} rare ones as one" if self.pooled else ""
        return ", ".join(self.levels[:6]) + more + rare

    @property
    def told(self) -> str:
        """The word whose entry is the largest."""
        return f"the largest of {', '.join([*self.levels, *(['a rare one'] if self.pooled else [])])}"

    def read(self, column: Column) -> Read:
        """The places of the words among the levels; words that are not known are rare ones, where there are any."""
        place = {word: at for at, word in enumerate(self.levels)}
        rare = len(self.levels) if self.pooled else -1
        places = np.array([place.get(word, rare) for word in self.spelled(column).tolist()], dtype=np.int64)
        return Read(places.clip(0), column.missing | (places >= 0))

    def spelled(self, column: Column) -> np.ndarray:
        """Cells as texts; 3.0 is 3 where levels are whole numbers."""
        if self.type == "integers" and column.values.dtype.kind == "f":
            whole = np.nan_to_num(column.values)
            if np.array_equal(whole, np.rint(whole)) and (np.abs(whole) < 2**53).all():
                column = Column(column.name, whole.astype(np.int64), column.missing)
        return texts(column)

    def entries(self, values: np.ndarray) -> np.ndarray:
        """A 1 in the level's place."""
        return np.asarray(np.eye(self.width)[values])

    def column(self, entries: np.ndarray, missing: np.ndarray, noise: np.random.Generator) -> Column:
        """The word whose entry is the largest, one of the rare ones drawn where that is theirs."""
        words = np.array([*self.levels, ""], dtype=object)[entries.argmax(1)]
        rare = np.flatnonzero(entries.argmax(1) == len(self.levels))
        if len(rare):
            counts = np.array(list(self.pooled.values()), dtype=np.float64)
            words[rare] = noise.choice(np.array(list(self.pooled), dtype=object), len(rare), p=counts / counts.sum())
        if self.type == "words":
            words[missing] = ""
            return Column(self.name, words, missing)
        words[missing] = "0"
        found = numbers(words.tolist(), self.type, self.name)
        return Column(self.name, found, missing) if self.type == "integers" else _floats(self.name, found, missing)


def _floats(name: str, found: np.ndarray, missing: np.ndarray) -> Column:
    return Column(name, np.where(missing, np.nan, found), missing)


def numbers(words: list[str], type: Type, name: str) -> np.ndarray:
    """Words that spell numbers, as these.

    Raises:
        ValueError: if one does not.
    """
    try:
        return np.array([int(word) if type == "integers" else float(word) for word in words],
                        dtype=np.int64 if type == "integers" else np.float64)  # fmt: skip
    except (ValueError, OverflowError):
        raise ValueError(f"column {name!r}: its levels are not all {type}") from None
