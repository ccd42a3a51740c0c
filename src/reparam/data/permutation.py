"""An order of many rows that is computed where it is asked for: no list of them is ever made.

``torch.randperm`` takes 8 bytes a row: of 10^9 rows 8 GB, before the first of them is read.
"""

from dataclasses import dataclass

import numpy as np
import torch

from reparam.randomness import derive_seed

BY_FUNCTION = 10**8
"""Rows from which an order is computed place by place: as a list it would take 8 bytes a row."""
ROUNDS = 8
"""Four of each half; from about 10,000 rows on four suffice (Luby & Rackoff 1988), of few rows more mix better."""
MIXING = (np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53))
"""The multipliers by which MurmurHash3 mixes 64 bits (Appleby 2011)."""
HALF_WORD = np.uint64(33)


@dataclass(frozen=True)
class Permutation:
    """A permutation of ``0..n-1``, drawn from a seed and a purpose, one place at a time.

    A Feistel network permutes the numbers of as many bits as ``n - 1`` has, whatever function its rounds have; a number
    beyond ``n`` is permuted on until it is one of ours (cycle walking, Black & Rogaway 2002), less than
    once more on average.

    Args:
        n: how many, at least 1 and at most 2^62.
        seed: of the draw.
        purpose: what it is for.

    >>> order = Permutation(5, 0, ("order", 0))
    >>> sorted(order[torch.arange(5)].tolist())
    [0, 1, 2, 3, 4]
    """

    n: int
    seed: int
    purpose: tuple[int | str, ...] = ()

    def __post_init__(self) -> None:
        assert 1 <= self.n <= 2**62, f"a permutation of {self.n}"

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, places: torch.Tensor) -> torch.Tensor:
        """What stands at some places: int64 in, int64 of the same shape out."""
        keys = [np.uint64(derive_seed(self.seed, *self.purpose, "round", at)) for at in range(ROUNDS)]
        found = self._permuted(places.numpy().astype(np.uint64).ravel(), keys)
        while len(beyond := np.flatnonzero(found >= self.n)):
            found[beyond] = self._permuted(found[beyond], keys)
        return torch.from_numpy(found.astype(np.int64).reshape(tuple(places.shape)))

    def between(self, start: int, end: int) -> "Stretch":
        """The places from one up to another."""
        return Stretch(self, start, end)

    def _permuted(self, numbers: np.ndarray, keys: list[np.uint64]) -> np.ndarray:
        """One walk through the network: each half in turn is changed by what the other one says."""
        bits = max(2, (self.n - 1).bit_length())
        low_bits = np.uint64(bits // 2)
        low_mask, high_mask = np.uint64((1 << bits // 2) - 1), np.uint64((1 << bits - bits // 2) - 1)
        high, low = numbers >> low_bits, numbers & low_mask
        for at in range(0, ROUNDS, 2):
            high ^= _mixed(low + keys[at]) & high_mask
            low ^= _mixed(high + keys[at + 1]) & low_mask
        return np.asarray(high << low_bits | low)


def _mixed(words: np.ndarray) -> np.ndarray:
    """64 bits of which each depends on all of the given ones."""
    for multiplier in MIXING:
        words = (words ^ words >> HALF_WORD) * multiplier
    return np.asarray(words ^ words >> HALF_WORD)


@dataclass(frozen=True)
class Stretch:
    """Some places of a permutation, one behind the other: a list of rows that is nowhere written down."""

    order: Permutation
    start: int
    end: int

    def __len__(self) -> int:
        return self.end - self.start

    def __getitem__(self, places: torch.Tensor) -> torch.Tensor:
        """What stands at some places, counted from the first."""
        return self.order[places + self.start]
