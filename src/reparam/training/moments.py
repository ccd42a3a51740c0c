"""Where in a training a step stands, as numbers that remember what was made of them.

A loss may depend on the step, the epoch or the share of the training that is done. What is recorded once and replayed
(:mod:`reparam.training.replay`) must be told these anew for each step, and be recorded again where a decision of the
loss falls otherwise.
"""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor
from torch.utils._pytree import tree_leaves, tree_map_only

from reparam.models.model import Batch

SLOTS = 16
NAMES = ("step", "epoch", "progress")
Read = Callable[[], Any]


class Moments:
    """The numbers of a step, and what a loss made of them.

    Args:
        device: where tensors are that the loss combines with them.

    >>> moments = Moments(torch.device("cpu"))
    >>> batch = moments.told(Batch(torch.ones(2), step=3, epoch=0.5))
    >>> weight = min(1.0, batch.epoch / 2)
    >>> (torch.ones(2) * weight).tolist()
    [0.25, 0.25]
    >>> moments.suit(Batch(torch.ones(2), epoch=1.5)), moments.suit(Batch(torch.ones(2), epoch=2.5))
    (True, False)
    """

    def __init__(self, device: torch.device) -> None:
        self.now: dict[str, float] = dict.fromkeys(NAMES, 0)
        self.frozen = False
        self._decisions: list[tuple[Read, Any]] = []
        self._slots: list[_Slot] = []
        # allotted before anything is recorded: what is allotted meanwhile is filled anew by every replay
        self._memory = {
            dtype: [torch.zeros((), dtype=dtype, device=device) for _ in range(SLOTS)]
            for dtype in (torch.float32, torch.float64)
        }

    def told(self, batch: Batch) -> Batch:
        """The batch with numbers that remember in its own numbers' place."""
        self.now = _numbers_of(batch)
        return Batch(batch.x, batch.y, *(Number(self, lambda name=name: self.now[name]) for name in NAMES))  # type: ignore[arg-type, misc]

    def suit(self, batch: Batch) -> bool:
        """Whether every decision that was made falls the same for this batch."""
        before, self.now = self.now, _numbers_of(batch)
        try:
            return all(bool(read() == fell) for read, fell in self._decisions)
        except ArithmeticError:
            return False
        finally:
            self.now = before

    def move(self, batch: Batch) -> None:
        """Put the numbers that this batch has where what was recorded reads them."""
        self.now = _numbers_of(batch)
        for slot in self._slots:
            slot.fill()

    def decide(self, read: Read) -> Any:
        """What it reads now, which from here on is taken for granted."""
        fell = read()
        self._decisions.append((read, fell))
        return fell

    def place(self, read: Read, dtype: torch.dtype) -> Tensor:
        """A tensor of dimension 0 that will hold what it reads.

        Raises:
            MemoryError: if there are too many of them.
        """
        if len(self._slots) == SLOTS:
            raise MemoryError(f"a loss that uses its place in the training {SLOTS} times is not recorded")
        slot = _Slot(read, self._memory[dtype][len(self._slots)])
        self._slots.append(slot)
        if not self.frozen:
            slot.fill()
        return slot.held


@dataclass
class _Slot:
    read: Read
    held: Tensor
    last: float | None = field(default=None)

    def fill(self) -> None:
        """By a kernel that is given the number, not by a copy, which would wait for the device."""
        value = float(self.read())
        if value != self.last:
            self.held.fill_(value)
            self.last = value


def _numbers_of(batch: Batch) -> dict[str, float]:
    return {name: getattr(batch, name) for name in NAMES}


def _value(x: Any) -> Any:
    return x.read() if isinstance(x, Number) else x


def _combined(operation: Callable[[Any, Any], Any], turned: bool = False) -> Callable[["Number", Any], Any]:
    def combine(self: "Number", other: Any) -> Any:
        if isinstance(other, Tensor):
            held = self.beside(other)
            return operation(other, held) if turned else operation(held, other)
        if not isinstance(other, int | float | Number):
            return NotImplemented
        pair = (other, self) if turned else (self, other)
        return Number(self.moments, lambda: operation(*map(_value, pair)))

    return combine


def _decided(operation: Callable[..., Any]) -> Callable[..., Any]:
    def decide(self: "Number", *others: Any) -> Any:
        return self.moments.decide(lambda: operation(*map(_value, (self, *others))))

    return decide


def _changed(operation: Callable[[Any], Any]) -> Callable[["Number"], "Number"]:
    return lambda self: Number(self.moments, lambda: operation(self.read()))


class Number:
    """A number that changes from step to step: arithmetic goes on, decisions are noted, tensors are given a place.

    It is no ``float``, since torch would read one without asking.

    Args:
        moments: whose it is.
        read: what it is now.
    """

    __array_ufunc__ = None

    def __init__(self, moments: Moments, read: Read) -> None:
        self.moments, self.read = moments, read

    def beside(self, *tensors: Tensor) -> Tensor:
        """Itself as a tensor, as wide as the widest of those it is combined with."""
        wide = any(tensor.dtype == torch.float64 for tensor in tensors)
        return self.moments.place(self.read, torch.float64 if wide else torch.float32)

    @classmethod
    def __torch_function__(
        cls, function: Callable[..., Any], types: object, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """A function of torch's is given the tensor that it is held in."""
        given = (args, dict(kwargs or {}))
        tensors = [leaf for leaf in tree_leaves(given) if isinstance(leaf, Tensor)]
        args, named = tree_map_only(Number, lambda number: number.beside(*tensors), given)
        return function(*args, **named)

    __add__, __radd__ = _combined(operator.add), _combined(operator.add, turned=True)
    __sub__, __rsub__ = _combined(operator.sub), _combined(operator.sub, turned=True)
    __mul__, __rmul__ = _combined(operator.mul), _combined(operator.mul, turned=True)
    __truediv__, __rtruediv__ = _combined(operator.truediv), _combined(operator.truediv, turned=True)
    __floordiv__, __rfloordiv__ = _combined(operator.floordiv), _combined(operator.floordiv, turned=True)
    __mod__, __rmod__ = _combined(operator.mod), _combined(operator.mod, turned=True)
    __pow__, __rpow__ = _combined(operator.pow), _combined(operator.pow, turned=True)
    __neg__, __pos__, __abs__ = _changed(operator.neg), _changed(operator.pos), _changed(operator.abs)
    __lt__, __le__ = _decided(operator.lt), _decided(operator.le)
    __gt__, __ge__ = _decided(operator.gt), _decided(operator.ge)
    __eq__, __ne__ = _decided(operator.eq), _decided(operator.ne)
    __bool__, __float__, __int__, __index__ = _decided(bool), _decided(float), _decided(int), _decided(operator.index)
    __round__, __trunc__, __str__, __format__ = _decided(round), _decided(int), _decided(str), _decided(format)
    __hash__ = None  # type: ignore[assignment]
