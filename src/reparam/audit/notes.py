"""Notes taken at each step: where draws meet parameters, and what may stand in for a gradient that no draw passes."""

from functools import partial
from typing import Any

import torch
from torch import Tensor

from reparam.audit import families
from reparam.audit.operations import LAYERS, PRODUCTS, SCALINGS, SQUASHES, WEIGHTED, Traits, has_zero_gradient
from reparam.audit.sources import Place, current_place
from reparam.audit.tape import Draw, Meeting, Operand, Product, Step, Tape, Value, bits

Read = list[tuple[Tensor, Value, bool]]
"""What a step reads: a tensor, the value it holds, and whether the step writes over it."""


class Notes:
    """Writes meetings, products and copies on a tape.

    Args:
        tape: to write on.
    """

    def __init__(self, tape: Tape) -> None:
        self.tape = tape

    def take(
        self,
        known: Traits,
        value: Value,
        step: Step,
        read: Read,
        tensor: Tensor,
        named: dict[str, Any],
    ) -> None:
        """Everything worth noting of a step whose result depends on a draw."""
        if value.parameters:
            self.meet(known, value, step, read)
            if known.name.rstrip("_") in SCALINGS:
                self._note_forming(step)
            if known.pointwise and known.name.rstrip("_") in ("add", "sub", "rsub"):
                self._note_copies(value, read, tensor)
        if known.name in SQUASHES:
            self._note_relaxation(read)
        if known.name.rstrip("_") in PRODUCTS:
            self._note_products(value, read)
        if known.name in WEIGHTED:
            self._note_weights(known, value, read, named)

    def meet(self, known: Traits, value: Value, step: Step, read: Read) -> None:
        """Note draws that meet parameters which none of the inputs they came by had met."""
        if any(
            v.draws == value.draws and v.parameters == value.parameters and v.smooth == value.smooth
            for v in step.inputs
        ):
            return
        for draw in self.tape.draws:
            mine = [v for v in step.inputs if v.draws >> draw.number & 1]
            fresh = value.parameters if mine else 0
            smooth = value.smooth[1] if mine and value.smooth[0] >> draw.number & 1 else 0
            for each in mine:
                fresh &= ~each.parameters
                smooth &= ~each.smooth[1] if each.smooth[0] >> draw.number & 1 else ~0
            if fresh:
                self._note_meeting(known, draw, fresh, value, step, read)
            if smooth & ~fresh:
                self._note_meeting(known, draw, smooth & ~fresh, value, step, read, late=True)

    def _note_forming(self, step: Step) -> None:
        """Note parameters that pure noise is scaled by."""
        for noise in step.inputs:
            for number in bits(noise.raw):
                for each in step.inputs:
                    if not each.raw >> number & 1:
                        self.tape.draws[number].forms |= each.parameters

    def _note_meeting(
        self,
        known: Traits,
        draw: Draw,
        fresh: int,
        value: Value,
        step: Step,
        read: Read,
        late: bool = False,
    ) -> None:
        operands = tuple(
            Operand(v, tensor.grad_fn, tensor.is_leaf and tensor.requires_grad)
            for tensor, v, _ in read
            if v.parameters & fresh
        )
        raw = any(v.raw >> draw.number & 1 for v in step.inputs)
        layer = known.name in LAYERS and any(o.value.leaf for o in operands)
        forming = raw and (known.pointwise or (known.name in LAYERS and not layer))
        step.place = step.place or current_place()
        if forming and (known.name.rstrip("_") in SCALINGS or known.name in LAYERS):
            draw.scaled = True
            draw.complaint = draw.complaint or _root(operands) or _scale_of_distribution(step.place, read, fresh)
        self.tape.meetings.append(Meeting(draw.number, fresh, step, value, forming, operands, late))

    def _note_copies(self, value: Value, read: Read, tensor: Tensor) -> None:
        """Keep cut-off results that a sum takes in, and notice a sum that equals one: a straight-through value."""
        for draw in self.tape.draws:
            if not value.draws >> draw.number & 1:
                continue
            for operand, each, _ in read:
                if (
                    each.draws >> draw.number & 1
                    and each.parameters
                    and _is_cut(operand)
                    and _is_new(operand, draw.hard)
                ):
                    draw.hard.append(operand.detach())
            if any(hard.shape == tensor.shape and _same(hard, tensor) for hard in draw.hard):
                self.tape.copies.append((draw.number, value))

    def _note_relaxation(self, read: Read) -> None:
        for draw in self.tape.draws:
            uniform = draw.op.rstrip("_") in ("uniform", "rand", "rand_like", "exponential")
            if uniform and any(v.raw >> draw.number & 1 and v.parameters for _, v, _ in read):
                draw.relaxed = True

    def _note_products(self, value: Value, read: Read) -> None:
        both = [(v, tensor) for tensor, v, _ in read if v.draws]
        for i, a in enumerate(both):
            for b in both[i + 1 :]:
                if a[0].draws & b[0].draws and (a[0].parameters or b[0].parameters):
                    self.tape.products.append(Product(value, (a, b)))

    def _note_weights(self, known: Traits, value: Value, read: Read, named: dict[str, Any]) -> None:
        """A cross-entropy weighted by something that depends on the draw: log-probability times reward in one call."""
        weight = named.get("weight")
        for tensor, each, _ in read:
            if tensor is weight and each.draws:
                function = getattr(torch.nn.functional, known.name)
                factor = Value(value.draws, value.parameters)
                compute = partial(function, named["self"], named["target"], reduction="none")
                self.tape.products.append(Product(value, ((factor, compute), (each, tensor))))


def _is_cut(tensor: Tensor) -> bool:
    return tensor.is_floating_point() and (tensor.grad_fn is None or has_zero_gradient(tensor.grad_fn.name()))


def _is_new(tensor: Tensor, kept: list[Tensor]) -> bool:
    return all(tensor.data_ptr() != each.data_ptr() or tensor.shape != each.shape for each in kept)


def _same(a: Tensor, b: Tensor) -> bool:
    return a.dtype == b.dtype and a.device == b.device and torch.allclose(a, b, atol=1e-5)


def _scale_of_distribution(place: Place, read: list[tuple[Tensor, Value, bool]], met: int) -> str | None:
    """What is wrong with the scale inside of a distribution object, whose own check can be switched off."""
    file = (place.inside or "").rpartition(":")[0]
    if "distributions/" not in file or file.endswith(("transforms.py", "utils.py")):
        return None
    bad = next((families.first_bad(tensor) for tensor, value, _ in read if value.parameters & met), None)
    title = file.rpartition("/")[2].removesuffix(".py").title().replace("_", "")
    return f"the scale of {title} is not positive: {bad}" if bad is not None else None


def _root(operands: tuple[Operand, ...]) -> str | None:
    """What made the scale that multiplies the noise undefined, if anything did."""
    for operand in operands:
        step = operand.value.step
        if step is not None and step.negative is not None:
            return f"the variance is not positive: {step.negative}"
    return None
