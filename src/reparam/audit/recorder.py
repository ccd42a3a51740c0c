"""Follows a run operation by operation, below autograd, where no grad mode and no ``detach`` hides anything."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from reparam.audit import families
from reparam.audit.calls import CallTracker
from reparam.audit.memory import Memory, place_of
from reparam.audit.notes import Notes, Read
from reparam.audit.operations import (
    STAIRS,
    Traits,
    traits,
)
from reparam.audit.parameters import Registry
from reparam.audit.sources import current_place
from reparam.audit.tape import Draw, Meeting, Operand, Step, Tape, Value

STATISTICS = ("running_mean", "running_var")


class Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Writes on a :class:`Tape` which draws and parameters every tensor depends on.

    Args:
        registry: the parameters, known beforehand or met on the way.
        calls: names of the Python functions that are running.
        memory: what tensors hold.
    """

    def __init__(self, registry: Registry, calls: CallTracker, memory: Memory) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.tape, self.registry, self.calls, self.memory = Tape(), registry, calls, memory
        self.notes = Notes(self.tape)
        self.paused = False
        self.last_scalar: Tensor | None = None
        self.generators: list[tuple[torch.Generator, Tensor]] = []

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """No: wrapped in Dynamo's "disable", the first operation would import all of it, for a second or two."""
        return False

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if self.paused:
            return func(*args, **kwargs)
        known = traits(func)
        named = dict(zip(known.arguments, args, strict=False)) | kwargs
        draws = known.draws and _is_random(known, named)
        if draws:
            self._keep_generator(named.get("generator"))
        read = [] if known.shape_only else list(self._inputs(known, named))
        if draws:
            self._check_scale(known.name, named)
        complaint = _undefined(known.name, named, read)
        result = func(*args, **kwargs)
        if draws:
            self._draw(known, named, read, result)
        elif read or known.written:
            self._step(known, named, read, result, complaint)
        return result

    def value_of(self, tensor: Tensor) -> Value | None:
        """What a tensor holds; a parameter is registered when first seen."""
        number = self.registry.number(tensor)
        if number is None:
            return self.memory.read(tensor)
        held = self.memory.read(tensor)
        if held is not None and held.leaf and held.parameters >> number & 1:
            return held
        self._was_initialization(held)
        value = Value(0, 1 << number, smooth=(0, 1 << number), leaf=True)
        self.memory.write(tensor, value)
        return value

    def forget(self) -> None:
        """Drop everything that was seen; values, steps and nodes refer to each other in circles."""
        for draw in self.tape.draws:
            draw.value.step, draw.arguments, draw.hard = None, {}, []
        for meeting in self.tape.meetings:
            meeting.value.step, meeting.value.grad_fns, meeting.value.attached = None, [], None
        self.tape, self.memory, self.last_scalar = Tape(), Memory(), None
        self.notes = Notes(self.tape)

    def restore_generators(self) -> None:
        """Put the user's own generators back to where they stood before the run."""
        for generator, state in self.generators:
            generator.set_state(state)

    def _keep_generator(self, generator: torch.Generator | None) -> None:
        if generator is not None and all(generator is not kept for kept, _ in self.generators):
            self.generators.append((generator, generator.get_state()))

    def _was_initialization(self, held: Value | None) -> None:
        """Draws that only filled a parameter before it was one are no sampled variables."""
        if held is not None and not held.parameters:
            for draw in self.tape.draws:
                if held.draws >> draw.number & 1:
                    draw.initializes = True

    def _inputs(self, known: Traits, named: dict[str, Any]) -> Iterator[tuple[Tensor, Value, bool]]:
        """The tensors read that depend on something, with their values; also notes how autograd sees them."""
        normalizes = "batch_norm" in known.name and named.get("training", named.get("train", True))
        for name, argument in named.items():
            if (known.overwrites and name in known.written) or (normalizes and name in STATISTICS):
                continue
            for tensor in _tensors(argument):
                value = self.value_of(tensor)
                if value is not None:
                    if value.draws and value.parameters:
                        _remember(value, tensor)
                    yield tensor, value, name in known.written

    def _step(self, known: Traits, named: dict[str, Any], read: Read, result: Any, bad: str | None) -> None:
        """Give the result its value, and note meetings, products and copies on the way."""
        outputs = list(_tensors(result)) if not known.written else list(_written(known, named))
        if "batch_norm" in known.name:
            outputs = [tensor for tensor in _tensors(result) if tensor is not None]
        if not read:
            for tensor in outputs:
                self.memory.write(tensor, None)
            return
        if not known.written and len(read) == 1 and _is_view(read[0][0], outputs):
            if known.name == "detach" and read[0][0].requires_grad:
                read[0][1].attached = read[0][0]
            return
        step = Step(known.name, tuple(value for _, value, _ in read), torch.is_grad_enabled(), negative=bad)
        if known.name in ("mean", "sum") or "reduction" in named:
            _note_reduction(step, known.name, named, read[0][0], outputs)
        value = self._result(known, step)
        for number, tensor in enumerate(outputs):
            each = value if number == 0 else replace(value, grad_fns=[], attached=None)
            if not (tensor.is_floating_point() or tensor.is_complex()):
                each.smooth, each.floating = (0, 0), False
            self.memory.write(tensor, each)
            if value.parameters and step.grad and tensor.numel() == 1 and tensor.is_floating_point():
                self.last_scalar = tensor
            if value.draws:
                self.notes.take(known, each, step, read, tensor, named)

    def _result(self, known: Traits, step: Step) -> Value:
        value = Value(0, 0, step=step)
        for each in step.inputs:
            value.draws |= each.draws
            value.parameters |= each.parameters
            value.smooth = (value.smooth[0] | each.smooth[0], value.smooth[1] | each.smooth[1])
            # a comparison with a number makes a mask of it: noise no more
            keeps = known.arranges or (known.pointwise and (not known.compares or len(step.inputs) > 1))
            value.raw |= each.raw if keeps else 0
        if known.name.rstrip("_") in STAIRS:
            value.smooth = (0, 0)
        value.leaf = known.name == "_to_copy" and step.inputs[0].leaf
        return value

    def _draw(self, known: Traits, named: dict[str, Any], read: Read, result: Any) -> None:
        """Note a draw, unless it only fills a parameter."""
        outputs = list(_written(known, named)) or list(_tensors(result))
        sample = outputs[0]
        if known.written and self.registry.number(sample) is not None:
            self.memory.write(sample, None)
            self.value_of(sample)
            return
        number = len(self.tape.draws)
        step = Step(known.name, tuple(value for _, value, _ in read), torch.is_grad_enabled(), place=current_place())
        value = Value(1 << number, 0, 1 << number, (1 << number, 0), step)
        for each in step.inputs:
            value.draws |= each.draws
            value.parameters |= each.parameters
        draw = Draw(
            number=number,
            op=known.name,
            call=self.calls.name,
            shape=tuple(sample.shape),
            place=step.place or current_place(),
            arguments={name: self._attached(v) for name, v in families.arguments(known.name, named).items()},
            # kept where a score may have to be compared; a copy, for what the code does to its own in place
            sample=sample.detach().clone() if value.parameters else sample.new_empty(0),
            value=value,
            grad=step.grad,
            fixed=families.is_stated(known.name, named),
        )
        self.tape.draws.append(draw)
        for tensor in outputs:
            self.memory.write(tensor, value)
        if value.parameters:
            operands = tuple(
                Operand(v, tensor.grad_fn, tensor.is_leaf and tensor.requires_grad)
                for tensor, v, _ in read
                if v.parameters
            )
            self.tape.meetings.append(Meeting(number, value.parameters, step, value, True, operands))
            self.notes.meet(known, value, step, read)

    def _attached(self, argument: Any) -> Any:
        """An argument that was detached, as it was before, so that its score can be compared."""
        if isinstance(argument, Tensor) and not argument.requires_grad:
            value = self.memory.read(argument)
            if value is not None and value.attached is not None and value.attached.shape == argument.shape:
                return value.attached
        return argument

    def _check_scale(self, name: str, named: dict[str, Any]) -> None:
        complaint = families.not_positive(name, named)
        if complaint is not None:
            self.tape.complaints.append(f"{current_place()}: {complaint}")


def _is_random(known: Traits, named: dict[str, Any]) -> bool:
    """Dropout in evaluation mode draws nothing, for one."""
    if known.condition is None:
        return True
    if known.name == "native_dropout" and named.get("train") is False:
        return False
    return bool(named.get(known.condition, False))


def _tensors(argument: Any) -> Iterator[Tensor]:
    if isinstance(argument, Tensor):
        yield argument
    elif isinstance(argument, list | tuple):
        for each in argument:
            yield from _tensors(each)


def _written(known: Traits, named: dict[str, Any]) -> Iterator[Tensor]:
    for name in known.written:
        yield from _tensors(named.get(name))


def _remember(value: Value, tensor: Tensor) -> None:
    """Note the autograd node the tensor is used with."""
    if tensor.grad_fn is not None and all(tensor.grad_fn is not kept for kept in value.grad_fns):
        value.grad_fns.append(tensor.grad_fn)


def _is_view(source: Tensor, outputs: list[Tensor]) -> bool:
    home = place_of(source)
    return bool(outputs) and all(place_of(tensor) == home for tensor in outputs)


def _note_reduction(step: Step, name: str, named: dict[str, Any], tensor: Tensor, outputs: list[Tensor]) -> None:
    step.reduced = tuple(tensor.shape)
    left = outputs[0].numel() if outputs else 1
    step.full = tensor.numel() // max(left, 1)
    if name == "mean" or (name != "sum" and named.get("reduction", 1) == 1):
        step.op = "mean"
    elif name == "sum" or named.get("reduction") == 2:
        step.op = "sum"


def _undefined(name: str, named: dict[str, Any], read: Read) -> str | None:
    """The first entry of a root's or a logarithm's argument that is negative, in words, where parameters reach it."""
    half = name.rstrip("_") == "pow" and str(named.get("exponent")) in ("0.5", "-0.5")
    if not (half or name.rstrip("_") in ("sqrt", "rsqrt", "log")) or not any(v.parameters for _, v, _ in read):
        return None
    tensor = named.get("self")
    return families.first_bad(tensor, strict=False) if isinstance(tensor, Tensor) else None
