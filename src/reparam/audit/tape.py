"""What is written down while a loss runs: values, the steps that made them, and the draws among those.

Sets of draws and of parameters are integers used as bit masks, so that following an operation costs a few ``|``.
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from reparam.audit.sources import Place


@dataclass(slots=True, eq=False)
class Value:
    """One content of some memory: what it depends on, whatever the grad mode was.

    Attributes:
        draws: the stochastic operations it depends on.
        parameters: the learnable parameters it depends on.
        raw: those draws that reached it through elementwise operations alone: still "the sample", not a layer's output.
        smooth: draws and parameters (a pair of masks) of which it is a continuous function, as far as types tell: what
            comes by way of integers, comparisons or rounding is not.
        step: what made it; None for a parameter.
        grad_fns: the autograd nodes it was seen with when it was used (a detached alias adds none).
        leaf: it is a parameter, or a cast or view of one.
        floating: it is made of real numbers, not of integers or truth values.
        attached: the tensor with its gradient, where the code detached it.
    """

    draws: int
    parameters: int
    raw: int = 0
    smooth: tuple[int, int] = (0, 0)
    step: "Step | None" = None
    grad_fns: list[Any] = field(default_factory=list)
    leaf: bool = False
    floating: bool = True
    attached: Tensor | None = None


@dataclass(slots=True, eq=False)
class Step:
    """One operation whose result depends on a draw or a parameter.

    Attributes:
        op: its name, such as ``mul``.
        inputs: the values read.
        grad: whether gradients were recorded.
        reduced: shape of what a mean or a sum was taken of, else None.
        full: for a mean or sum, the number of elements that went into one.
        place: the user's line, taken for steps where a draw meets parameters.
        negative: the first entry that makes a root or a logarithm undefined, in words.
    """

    op: str
    inputs: tuple[Value, ...]
    grad: bool
    reduced: tuple[int, ...] | None = None
    full: int = 1
    place: Place | None = None
    negative: str | None = None


@dataclass(slots=True, eq=False)
class Operand:
    """One input of a step where a draw first meets parameters."""

    value: Value
    grad_fn: Any
    is_parameter: bool


@dataclass(slots=True, eq=False)
class Meeting:
    """Where a draw first meets some parameters: the result depends on both, and no single input did.

    Attributes:
        draw: number of the draw.
        parameters: those met here for the first time.
        value: the result.
        forming: the result is still a sample (its law depends on the parameters), rather than a layer's output.
        operands: the inputs that bring the parameters.
        late: they had met before by way of something discrete, and meet here as continuous quantities.
    """

    draw: int
    parameters: int
    step: Step
    value: Value
    forming: bool
    operands: tuple[Operand, ...]
    late: bool = False


@dataclass(slots=True, eq=False)
class Product:
    """A product of two factors that depend on the same draw: perhaps log-probability times reward.

    A factor that is computed inside of a larger operation is given as a function that computes it again.
    """

    value: Value
    factors: tuple[tuple[Value, "Tensor | Callable[[], Tensor]"], tuple[Value, Tensor]]


@dataclass(slots=True, eq=False)
class Draw:
    """One stochastic operation as it was called.

    Attributes:
        number: its place in the order of the run; its bit in the masks.
        op: the operation below autograd, such as ``normal``.
        call: the Python function that the code called, such as ``dropout``.
        arguments: parameters of its distribution, by name.
        sample: the result.
        fixed: its distribution was given as tensors, so that it is stated and not a standard noise.
        forms: parameters that the noise was scaled by elementwise.
        hard: results cut off from gradients that depend on it, to recognize straight-through values by.
    """

    number: int
    op: str
    call: str
    shape: tuple[int, ...]
    place: Place
    arguments: dict[str, Any]
    sample: Tensor
    value: Value
    grad: bool
    fixed: bool
    hard: list[Tensor] = field(default_factory=list)
    forms: int = 0
    relaxed: bool = False
    scaled: bool = False
    initializes: bool = False
    complaint: str | None = None


@dataclass(slots=True)
class Tape:
    """Everything a run left behind."""

    draws: list[Draw] = field(default_factory=list)
    meetings: list[Meeting] = field(default_factory=list)
    products: list[Product] = field(default_factory=list)
    copies: list[tuple[int, Value]] = field(default_factory=list)
    escapes: list[tuple[Value, Place, float | None]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def bits(mask: int) -> Iterator[int]:
    """The positions of the ones.

    >>> list(bits(0b1011))
    [0, 1, 3]
    """
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


def ancestry(values: list[Value], walls: Collection[int] = ()) -> tuple[set[int], dict[int, list[Value]]]:
    """The identities of every value that these were computed from, themselves included, and what used each.

    ``walls`` are identities of values whose own ancestors do not count.
    """
    seen: set[int] = set()
    users: dict[int, list[Value]] = {}
    left = list(values)
    while left:
        value = left.pop()
        if id(value) not in seen:
            seen.add(id(value))
            for source in value.step.inputs if value.step is not None and id(value) not in walls else ():
                users.setdefault(id(source), []).append(value)
                left.append(source)
    return seen, users
