"""Which value a tensor holds: looked up by its storage, which views, in-place writes and detached aliases share."""

from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.multiprocessing.reductions import StorageWeakRef

from reparam.audit.tape import Step, Value

COMPRESSED = (torch.sparse_csr, torch.sparse_csc, torch.sparse_bsr, torch.sparse_bsc)


@dataclass(slots=True)
class _Cell:
    """A storage (held weakly: its address is not given away while we hold that, its memory is) and what is in it."""

    reference: Any
    parts: list[tuple[int, int, Value]] = field(default_factory=list)
    merged: dict[tuple[int, ...], Value] = field(default_factory=dict)


class Memory:
    """From tensors to values."""

    def __init__(self) -> None:
        self._cells: dict[int, _Cell] = {}

    def read(self, tensor: Tensor) -> Value | None:
        """What the tensor holds, or None if that depends on no draw and no parameter."""
        tensor = numbers_of(tensor)
        cell = self._cells.get(storage_of(tensor))
        if cell is None or not cell.parts:
            return None
        if len(cell.parts) == 1 and cell.parts[0][0] == 0 and cell.parts[0][1] < 0:
            return cell.parts[0][2]
        low, high, _ = _span(tensor)
        found = [value for start, end, value in cell.parts if end < 0 or (start <= high and low <= end)]
        if len(found) <= 1:
            return found[0] if found else None
        key = tuple(sorted(id(value) for value in found))
        return cell.merged.setdefault(key, _merge(found))

    def write(self, tensor: Tensor, value: Value | None, whole: bool = False) -> None:
        """Say what the tensor holds from now on; ``whole``: and with it everything that shares its memory."""
        tensor = numbers_of(tensor)
        address = storage_of(tensor)
        if address == 0:
            return
        cell = self._cells.get(address)
        if cell is None:
            if value is None:
                return
            cell = self._cells[address] = _Cell(StorageWeakRef(tensor.untyped_storage()))  # type: ignore[no-untyped-call]
        low, high, dense = _span(tensor)
        size = tensor.untyped_storage().nbytes() // max(tensor.element_size(), 1)
        if whole or (dense and low == 0 and high + 1 >= size):
            cell.parts, cell.merged = ([(0, -1, value)] if value is not None else []), {}
            return
        if dense:
            cell.parts = [part for part in cell.parts if not (low <= part[0] and 0 <= part[1] <= high)]
            cell.parts = [piece for part in cell.parts for piece in _cut(part, low, high, size)]
        if value is not None:
            cell.parts.append((low, high, value))
        cell.merged = {}


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


def storage_of(tensor: Tensor) -> int:
    """Which storage a tensor's numbers lie in; 0 where it has none (tensors wrapped by a transform, MKL-DNN's)."""
    try:
        return int(numbers_of(tensor).untyped_storage()._cdata)
    except NotImplementedError:
        return 0


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
