"""Leaves everything around a run as it was: generators, buffers, gradients; and unfolds what hides from a mode."""

import random
import sys
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.utils.checkpoint
from torch import Tensor, nn

from reparam.randomness import derive_seed, noise


@contextmanager
def plain_execution() -> Iterator[None]:
    """Compiled regions run eagerly, and reentrant checkpoints run through: the same numbers, with a graph to read."""
    checkpoint = torch.utils.checkpoint.CheckpointFunction
    with ExitStack() as stack:
        if "torch._dynamo" in sys.modules:
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        checkpoint.apply = staticmethod(lambda function, preserve_rng_state, *args: function(*args))  # type: ignore[method-assign]
        compile_ = torch.compile
        torch.compile = _uncompiled
        try:
            yield
        finally:
            torch.compile = compile_
            del checkpoint.apply


def _uncompiled(model: Any = None, **options: Any) -> Any:
    """What stands in for ``torch.compile`` meanwhile: the function itself, or a decorator that gives it back."""
    return model if model is not None else lambda function: function


@contextmanager
def same_noise(seed: int, *purpose: int | str) -> Iterator[None]:
    """Within, torch's, NumPy's and Python's global noise start from the seed; afterwards they are what they were."""
    numpy = sys.modules.get("numpy")
    kept, kept_numpy = random.getstate(), numpy.random.get_state() if numpy else None
    random.seed(seed)
    if numpy:
        numpy.random.seed(seed)
    try:
        with noise(seed, *purpose):
            yield
    finally:
        random.setstate(kept)
        if numpy:
            numpy.random.set_state(kept_numpy)


@dataclass(frozen=True)
class Noise:
    """All noise that a loss draws from, as a function of a number.

    Args:
        seed: what it all starts from.
        generators: the user's own generators; they are set back afterwards, too.
    """

    seed: int
    generators: list[torch.Generator]

    @contextmanager
    def number(self, number: int) -> Iterator[None]:
        """Within, every generator starts from (seed, number)."""
        states = [generator.get_state() for generator in self.generators]
        for i, generator in enumerate(self.generators):
            generator.manual_seed(derive_seed(self.seed, "audit check generator", i, number))
        try:
            with same_noise(self.seed, "audit check", number):
                yield
        finally:
            for generator, state in zip(self.generators, states, strict=True):
                generator.set_state(state)


@contextmanager
def unchanged(modules: Iterable[nn.Module], parameters: Iterable[Tensor]) -> Iterator[None]:
    """Afterwards the modules' buffers and the parameters' gradients are what they were."""
    buffers = [(buffer, buffer.detach().clone()) for module in modules for buffer in module.buffers()]
    gradients = [(p, p.grad, None if p.grad is None else p.grad.detach().clone()) for p in parameters]
    try:
        yield
    finally:
        for buffer, before in buffers:
            buffer.data.copy_(before)
        for parameter, gradient, value in gradients:
            parameter.grad = gradient
            if gradient is not None and value is not None:
                gradient.data.copy_(value)
