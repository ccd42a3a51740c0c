"""Which parameters the gradient of a loss reaches, and through which autograd nodes: read off autograd's own graph."""

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import BackwardCFunction

from reparam.audit.operations import has_zero_gradient
from reparam.audit.parameters import Registry

Node = Any  # torch.autograd.graph.Node


class GradientGraph:
    """Autograd's graph, with the edges cut over which a gradient is known to vanish.

    An edge is cut if its node's formula is zero (``NormalBackward``), or if a function written by hand was seen to
    return nothing or zeros there though it was given something.

    Args:
        registry: the parameters.
    """

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.live: set[Node] = set()
        self.roots: list[Node] = []
        self._watched: dict[Node, Any] = {}
        self._vanished: dict[Node, set[int]] = {}
        self._passed: dict[Node, set[int]] = {}
        self._reach: dict[Node, int] = {}
        self._leaf = {id(tensor): number for number, tensor in enumerate(registry.tensors)}

    def watch(self, losses: list[Tensor]) -> None:
        """From now on see what the hand-written functions in these graphs return to the backward pass."""
        for node in _nodes([loss.grad_fn for loss in losses if loss.grad_fn is not None]):
            if isinstance(node, BackwardCFunction) and node not in self._watched:
                self._watched[node] = node.register_hook(self._watch(node))

    def unwatch(self) -> None:
        """Take every hook away."""
        for handle in self._watched.values():
            handle.remove()
        self._watched = {}

    def differentiate(self, losses: list[Tensor], parameters: list[Tensor]) -> list[Tensor | None]:
        """Gradients of the sum of the losses, seen by the watch; all None where autograd refuses.

        A hand-written function that returned zeros may have had to (a sum of probabilities has none to return): it is
        asked once more, with random numbers for the gradient it is given.
        """
        roots = [loss for loss in losses if loss.requires_grad]
        if not roots or not parameters:
            return [None] * len(parameters)
        self.watch(roots)
        gradients = self._gradients(roots, parameters)
        doubtful = {node: gone - self._passed.get(node, set()) for node, gone in self._vanished.items()}
        handles = [node.register_prehook(_random_like) for node, gone in doubtful.items() if gone]
        try:
            if handles:
                self._gradients(roots, parameters)
        finally:
            for handle in handles:
                handle.remove()
        return gradients

    @staticmethod
    def _gradients(roots: list[Tensor], parameters: list[Tensor]) -> list[Tensor | None]:
        ones = [torch.ones_like(root) for root in roots]
        try:
            return list(torch.autograd.grad(roots, parameters, ones, retain_graph=True, allow_unused=True))
        except RuntimeError:  # something in the graph has no derivative: the user's own backward says so
            return [None] * len(parameters)

    def _watch(self, node: Node) -> Any:
        def hook(passed_on: tuple[Tensor | None, ...], given: tuple[Tensor | None, ...]) -> None:
            if any(g is not None and bool((g != 0).any()) for g in given):
                for i, g in enumerate(passed_on):
                    vanished = g is None or not bool((g != 0).any())
                    (self._vanished if vanished else self._passed).setdefault(node, set()).add(i)

        return hook

    def inherit(self, other: "GradientGraph") -> None:
        """Take over what another graph has seen."""
        self._vanished, self._passed = other._vanished, other._passed

    def trace(self, losses: list[Tensor]) -> None:
        """Find every node that the gradient of the losses reaches."""
        self.roots = [loss.grad_fn for loss in losses if loss.grad_fn is not None]
        self.live = set(_nodes([loss.grad_fn for loss in losses if loss.grad_fn is not None], self._next))

    def reach(self, node: Node) -> int:
        """The parameters, as a mask, that a gradient arriving at a node is handed on to."""
        if node is None:
            return 0
        if node not in self._reach:
            for each in reversed(_ordered(node, self._next, self._reach)):
                self._reach[each] = self._own(each)
                for after in self._next(each):
                    self._reach[each] |= self._reach.get(after, 0)
        return self._reach[node]

    def arrives(self, nodes: list[Node]) -> int:
        """The parameters that the losses' gradient reaches by way of any of these nodes."""
        mask = 0
        for node in nodes:
            if node in self.live:
                mask |= self.reach(node)
        return mask

    def _own(self, node: Node) -> int:
        tensor = getattr(node, "variable", None)
        number = self._leaf.get(id(tensor)) if tensor is not None else None
        return 0 if number is None else 1 << number

    def _next(self, node: Node) -> list[Node]:
        if has_zero_gradient(node.name()):
            return []
        gone = self._vanished.get(node, set()) - self._passed.get(node, set())
        return [after for i, (after, _) in enumerate(node.next_functions) if after is not None and i not in gone]


def _random_like(given: tuple[Tensor | None, ...]) -> tuple[Tensor | None, ...]:
    """Numbers between one half and three halves in place of the gradients given."""
    return tuple(None if g is None else (torch.rand(g.shape) + 0.5).to(g) for g in given)


def _all(node: Node) -> list[Node]:
    return [after for after, _ in node.next_functions if after is not None]


def _nodes(roots: list[Node], following: Any = _all) -> list[Node]:
    seen = dict.fromkeys(roots)
    left = list(seen)
    while left:
        for after in following(left.pop()):
            if after not in seen:
                seen[after] = None
                left.append(after)
    return list(seen)


def _ordered(root: Node, following: Any, known: dict[Node, int]) -> list[Node]:
    """Nodes below a root, each before those it leads to."""
    done: set[Node] = set()
    order: list[Node] = []
    left: list[tuple[Node, bool]] = [(root, False)]
    while left:
        node, finished = left.pop()
        if finished:
            order.append(node)
        elif node not in done and node not in known:
            done.add(node)
            left.append((node, True))
            left.extend((after, False) for after in following(node))
    return order[::-1]
