"""One audit: watch code run, then judge what was seen."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import torch
from torch import Tensor

from reparam.audit import families
from reparam.audit.blame import Case
from reparam.audit.calls import CallTracker, is_plain
from reparam.audit.findings import group, reduction_warnings, unreached
from reparam.audit.graph import GradientGraph
from reparam.audit.memory import Memory
from reparam.audit.parameters import Registry
from reparam.audit.recorder import Recorder
from reparam.audit.report import Node, Report
from reparam.audit.sources import current_place
from reparam.audit.surroundings import plain_execution
from reparam.audit.tape import Draw, Value
from reparam.audit.verdicts import Judgement, judge


class Session:
    """Watches a piece of code.

    Args:
        named: parameters known beforehand, by name.
        keeps_graphs: graphs that the code differentiates are kept, so that they can be differentiated again.
    """

    def __init__(self, named: dict[str, Tensor], keeps_graphs: bool = False) -> None:
        self.registry = Registry()
        self.registry.add(named)
        self.calls = CallTracker()
        self.recorder = Recorder(self.registry, self.calls, Memory())
        self.losses: list[tuple[Tensor, Value | None]] = []
        self._differentiated: list[tuple[Tensor, Value | None]] = []
        self._graph = GradientGraph(self.registry)
        self.calls.keeps_graphs = keeps_graphs
        self.calls.on_requires_grad = self._requires_grad
        self.calls.on_inputs = self.registry.differentiated_by
        self.calls.on_backward = self._backward
        self.calls.on_touch = self._touch
        self.calls.on_escape = self._escape

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch what runs inside."""
        with ExitStack() as stack:
            stack.enter_context(plain_execution())
            stack.enter_context(self.calls)
            stack.enter_context(self.recorder)
            try:
                yield
            finally:
                self._graph.unwatch()

    def returned(self, loss: Tensor) -> None:
        """Say what the loss is; call it after the run."""
        if loss.requires_grad or not self.losses:
            self.losses.append((loss, self.recorder.value_of(loss)))

    def judge(self, report: Report, parameters: list[Tensor] | None, differentiate: bool) -> None:
        """Fill the report: verdicts with regard to the parameters, all that were met unless named."""
        self._choose_losses()
        losses = [loss for loss, _ in self.losses]
        values = [value for _, value in self.losses if value is not None]
        chosen = self._met() if parameters is None else parameters
        graph = self._graph = self._renewed_graph()
        gradients = graph.differentiate(losses, chosen) if differentiate else [p.grad for p in chosen]
        graph.unwatch()
        graph.trace(losses)
        for loss, value in self.losses:
            if value is not None and loss.grad_fn is not None:
                value.grad_fns.append(loss.grad_fn)
        case = Case(self.recorder.tape, graph, values, self.registry.mask(chosen))
        drawn = [draw for draw in self.recorder.tape.draws if not draw.initializes]
        judged = [(draw, judge(draw, case)) for draw in drawn]
        report.nodes[:] = [self._node(draw, judgement) for draw, judgement in judged]
        report.groups[:] = group(chosen, gradients, judged, case, values)
        report.warnings[:] = [
            *self.recorder.tape.complaints,
            *(f"{draw.place}: {draw.complaint}" for draw in drawn if draw.complaint),
            *unreached(chosen, case, values),
            *reduction_warnings(judged, values),
        ]
        report.loss = float(sum(loss.detach().float().sum() for loss in losses)) if losses else None

    def _met(self) -> list[Tensor]:
        """The parameters that the run used, with all others of their modules."""
        names, met = self.registry.names, self.registry.met
        modules = {names[n].partition(".")[0] for n in met if "." in names[n]}
        return [
            tensor
            for n, tensor in enumerate(self.registry.tensors)
            if n not in self.registry.inputs
            and (n in met or ("." in names[n] and names[n].partition(".")[0] in modules))
        ]

    def let_go(self) -> None:
        """Forget the run, so that its tensors are freed now and not when Python next looks for cycles."""
        self.recorder.forget()
        self.calls = self.recorder.calls = CallTracker()
        self.losses, self._differentiated, self._graph = [], [], GradientGraph(self.registry)

    def _renewed_graph(self) -> GradientGraph:
        """A graph that knows all parameters met, and what was watched so far."""
        graph = GradientGraph(self.registry)
        graph.inherit(self._graph)
        return graph

    def _choose_losses(self) -> None:
        if not self.losses:
            self.losses = self._differentiated
        last = self.recorder.last_scalar
        if not self.losses and last is not None and last.requires_grad:
            self.losses = [(last, self.recorder.value_of(last))]

    @contextmanager
    def _pause(self) -> Iterator[None]:
        self.recorder.paused = True
        try:
            yield
        finally:
            self.recorder.paused = False

    def _backward(self, name: str, roots: list[Tensor], twice: bool) -> AbstractContextManager[Any]:
        found = [(root, self.recorder.value_of(root)) for root in roots]
        if name == "backward":
            self.losses += found
            self._graph.watch(roots)
            return self._pause() if not twice else ExitStack()
        self._differentiated += found
        return ExitStack()

    def _requires_grad(self, tensor: Tensor) -> None:
        with torch._C.DisableTorchFunction():
            if is_plain(tensor) and not tensor.requires_grad:
                self.registry.requires_grad_now(tensor, self.recorder.memory.read(tensor) is not None)

    def _touch(self, tensor: Tensor) -> None:
        with torch._C.DisableTorchFunction():
            if tensor.requires_grad and tensor.is_leaf:
                self.recorder.value_of(tensor)

    def _escape(self, tensor: Tensor, number: Any) -> None:
        with torch._C.DisableTorchFunction():
            value = self.recorder.value_of(tensor) if tensor.is_floating_point() else None
        if value is not None and value.parameters and (isinstance(number, float) or tensor.numel() > 1):
            left = number if isinstance(number, float) else None
            self.recorder.tape.escapes.append((value, current_place(), left))

    def _node(self, draw: Draw, judgement: Judgement) -> Node:
        names = self.registry.names_of
        place = draw.place
        return Node(
            verdict=judgement.verdict,
            reason=judgement.reason,
            distribution=families.describe(draw.op, draw.arguments),
            shape=draw.shape,
            file=place.file,
            line=place.line,
            text=place.text,
            function=place.function,
            inside=place.inside,
            op=draw.op,
            call=draw.call or draw.op,
            depends_on=tuple(names(judgement.depends)),
            blocked=tuple(names(judgement.blocked)) if judgement.verdict == "blocked" else (),
            under_no_grad=not draw.grad,
            advice=judgement.advice,
        )
