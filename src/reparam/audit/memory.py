"""Which value a tensor holds: looked up by its storage, which views, in-place writes and detached aliases share.

A tensor without one (MKL-DNN's, or what a transform wraps) is looked up by itself.
"""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef

from reparam.audit.tape import Step, Value

COMPRESSED = (torch.sparse_csr, torch.sparse_csc, torch.sparse_bsr, torch.sparse_bsc)


@dataclass(slots=True)
class _Cell:
    """A place (held weakly: its address is not given away while we hold that, its memory is) and what is in it."""

    reference: Any
    parts: list[tuple[int, int, Value]] = field(default_factory=list)
    merged: dict[tuple[int, ...], Value] = field(default_factory=dict)

    def set(self, value: Value | None) -> None:
        """All of it holds this from now on."""
        self.parts, self.merged = ([(0, -1, value)] if value is not None else []), {}


class Memory:
    """From tensors to values."""

    def __init__(self) -> None:
        self._cells: dict[int, _Cell] = {}

    def read(self, tensor: Tensor) -> Value | None:
        """What the tensor holds, or None if that depends on no draw and no parameter."""
        cell = self._cells.get(place_of(tensor))
        if cell is None or not cell.parts:
            return None
        if len(cell.parts) == 1 and cell.parts[0][0] == 0 and cell.parts[0][1] < 0:
            return cell.parts[0][2]
        low, high, _ = _span(numbers_of(tensor))
        found = [value for start, end, value in cell.parts if end < 0 or (start <= high and low <= end)]
        if len(found) <= 1:
            return found[0] if found else None
        key = tuple(sorted(id(value) for value in found))
        return cell.merged.setdefault(key, _merge(found))

    def write(self, tensor: Tensor, value: Value | None) -> None:
        """Say what the tensor holds from now on."""
        tensor = numbers_of(tensor)
        address = place_of(tensor)
        cell = self._cells.get(address)
        if cell is None:
            if value is None:
                return
            cell = self._cells[address] = _Cell(_weak(tensor))
        if not has_storage(tensor):
            cell.set(value)
            return
        low, high, dense = _span(tensor)
        size = tensor.untyped_storage().nbytes() // max(tensor.element_size(), 1)
        if dense and low == 0 and high + 1 >= size:
            cell.set(value)
            return
        if dense:
            cell.parts = [part for part in cell.parts if not (low <= part[0] and 0 <= part[1] <= high)]
            cell.parts = [piece for part in cell.parts for piece in _cut(part, low, high, size)]
        if value is not None:
            cell.parts.append((low, high, value))
        cell.merged = {}


def _weak(tensor: Tensor) -> Any:
    """A weak reference to a tensor's storage, or to the tensor where it has none."""
    if has_storage(tensor):
        return StorageWeakRef(tensor.untyped_storage())  # type: ignore[no-untyped-call]
    return torch._C._WeakTensorRef(tensor)  # type: ignore[attr-defined]


def _cut(part: tuple[int, int, Value], low: int, high: int, size: int) -> list[tuple[int, int, Value]]:
    """What is left of a part when ``low..high`` is written over."""
    start, end, value = part[0], part[1] if part[1] >= 0 else size - 1, part[2]
    if end < low or high < start:
        return [part]
    pieces = [(start, low - 1), (high + 1, end)]
    return [(a, b, value) for a, b in pieces if a <= b]


def _merge(values: list[Value]) -> Value:
    merged = Value(0, 0, ~0, step=Step("together", tuple(values), True))
    for value in values:
        merged.draws |= value.draws
        merged.parameters |= value.parameters
        merged.raw &= value.raw
        merged.smooth = (merged.smooth[0] | value.smooth[0], merged.smooth[1] | value.smooth[1])
    return merged


def place_of(tensor: Tensor) -> int:
    """Where a tensor's numbers lie: its storage's address, or its own where it has none to share (MKL-DNN's)."""
    numbers = numbers_of(tensor)
    return int(numbers.untyped_storage()._cdata if has_storage(numbers) else numbers._cdata)


def has_storage(tensor: Tensor) -> bool:
    """Whether a tensor lies in a storage that others can share."""
    return bool(torch._C._has_storage(tensor))


def numbers_of(tensor: Tensor) -> Tensor:
    """The dense tensor that holds a sparse one's numbers; a dense one itself."""
    if tensor.layout == torch.sparse_coo:
        return tensor._values()
    return tensor.values() if tensor.layout in COMPRESSED else tensor


def _span(tensor: Tensor) -> tuple[int, int, bool]:
    """First and last element in the storage, and whether all between are the tensor's."""
    low = int(tensor.storage_offset())
    if tensor.numel() == 0:
        return low, low - 1, False
    reach = int(sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.stride(), strict=True)))
    return low, low + reach, tensor.numel() == reach + 1
