"""Numbers that go into a page: float32, float16 or bytes, packed so that a browser unpacks them by itself."""

import base64
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

KINDS: dict[str, Any] = {"f32": "<f4", "f16": "<f2", "u8": "u1"}

LEAST = 4 / 3 * 0.5
"""Letters a byte takes at least: packing does not halve trained weights, of which three bytes in four are noise."""


class Weights:
    """A heap of arrays, one a kind of number; what is put in gets a reference that the page reads by.

    >>> heap = Weights()
    >>> heap.put(np.ones((2, 3)), "f16"), heap.put(np.zeros(4), "f16")
    (['f16', 0, [2, 3]], ['f16', 6, [4]])
    """

    def __init__(self) -> None:
        self._parts: dict[str, list[NDArray[Any]]] = {kind: [] for kind in KINDS}
        self._sizes = dict.fromkeys(KINDS, 0)

    def put(self, array: Any, kind: str = "f32") -> list[Any]:
        """Keep an array; ``[kind, offset, shape]``."""
        found = np.asarray(array)
        place = self._sizes[kind]
        self._parts[kind].append(found.astype(KINDS[kind]).reshape(-1))
        self._sizes[kind] += found.size
        return [kind, place, list(found.shape)]

    def fit(self, letters: int) -> bool:
        """Whether all heaps, packed, have so many letters at most; what surely has more is not packed to know it."""
        raw = sum(size * np.dtype(KINDS[kind]).itemsize for kind, size in self._sizes.items())
        return raw * LEAST <= letters and sum(map(len, self.packed().values())) <= letters

    def packed(self) -> Mapping[str, str]:
        """Each heap as text: see :func:`pack`."""
        return {kind: pack(np.concatenate(parts)) for kind, parts in self._parts.items() if parts}


def pack(values: NDArray[Any]) -> str:
    """Numbers as base64 of deflated bytes, the first byte of each together, then the second of each, and so on.

    The bytes of the exponents are much alike, and so are stored in less room where they stand beside one another.

    >>> len(pack(np.ones(1000, "<f4"))) < 100
    True
    """
    planes = values.view("u1").reshape(len(values), values.itemsize).T
    return base64.b64encode(zlib.compress(np.ascontiguousarray(planes).tobytes(), 6)).decode()
