"""What an audit found: draws with their verdicts, groups of parameters, warnings, and the numerical check."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from reparam.errors import UserError
from reparam.result import Result

if TYPE_CHECKING:
    from matplotlib.figure import Figure

VERDICTS = ("blocked", "unknown", "straight-through", "relaxed", "estimated", "reparameterized", "not needed")


@dataclass(frozen=True)
class Node:
    """One sampled variable.

    Attributes:
        verdict: one of ``VERDICTS``.
        reason: the evidence, in a sentence.
        distribution: what it was drawn from, with the shapes of tensors.
        shape: shape of the sample.
        file, line, text, function: the line of the user's code.
        inside: the library's line below it, or None.
        op: PyTorch's operation; ``call``: the function that was called.
        depends_on: names of the parameters that its law depends on.
        blocked: names of those that no gradient reaches through it.
        under_no_grad: it was drawn while gradients were off.
        advice: what to write instead, where something is blocked.
    """

    verdict: str
    reason: str
    distribution: str
    shape: tuple[int, ...]
    file: str
    line: int
    text: str
    function: str
    inside: str | None
    op: str
    call: str
    depends_on: tuple[str, ...] = ()
    blocked: tuple[str, ...] = ()
    under_no_grad: bool = False
    advice: str = ""


@dataclass(frozen=True)
class Group:
    """Parameters that belong together by name.

    Attributes:
        name: what their names have in common.
        verdict: ``pathwise``, ``estimated``, ``partly``, ``not at all`` or ``not in the loss``.
        parameters: their names.
        gradient: norm of their gradient in this run; None where autograd gives none.
        held_by: lines of the draws that hold a gradient back.
    """

    name: str
    verdict: str
    parameters: tuple[str, ...]
    gradient: float | None
    held_by: tuple[str, ...] = ()


@dataclass(frozen=True)
class Direction:
    """The check along one random direction: autograd's derivative of the mean loss, and the one measured.

    Attributes:
        along: the parameters that the direction moves.
        autograd, measured: means over the seeds, in units of the loss per unit step.
        error: standard error of their difference.
        z: the difference in standard errors.
        method: ``central differences`` or ``score function``.
    """

    along: str
    autograd: float
    measured: float
    error: float
    z: float
    method: str = "central differences"


@dataclass(frozen=True)
class Check:
    """The numerical check.

    Attributes:
        directions: one entry per direction.
        seeds: how many seeds were averaged over.
        biased: whether any direction differs beyond chance; None where that could not be told.
        note: why not, or what to bear in mind.
    """

    directions: tuple[Direction, ...]
    seeds: int
    biased: bool | None
    note: str = ""


@dataclass(repr=False)
class Report(Result):
    """The result of an audit. ``print`` it; in a notebook it shows itself.

    Attributes:
        nodes: every sampled variable, in the order drawn.
        groups: what each group of parameters is reached by.
        warnings: what else was seen.
        loss: the loss's value, or None.
        check: the numerical check, if asked for.
        error: what the loss raised, if it did.
    """

    nodes: list[Node] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    loss: float | None = None
    check: Check | None = None
    error: str | None = None

    @property
    def blocked(self) -> list[Node]:
        """The draws that hold back a gradient which nothing else estimates."""
        return [node for node in self.nodes if node.verdict == "blocked"]

    @property
    def ok(self) -> bool:
        """Whether nothing is blocked and the loss ran."""
        return not self.blocked and self.error is None

    def verdicts(self) -> list[str]:
        """The verdicts alone, in the order drawn."""
        return [node.verdict for node in self.nodes]

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        """Groups of parameters and the norm of each one's gradient (NaN: none), and the check along each direction."""
        norms = [np.nan if group.gradient is None else group.gradient for group in self.groups]
        found = {"group": np.array([group.name for group in self.groups]), "gradient": np.array(norms)}
        for name in () if self.check is None else ("autograd", "measured", "error"):
            found[name] = np.array([getattr(direction, name) for direction in self.check.directions])  # type: ignore[union-attr]
        return found

    def figure(self) -> "Figure":
        """The norm of the gradient that reaches each group of parameters, with how it does.

        Raises:
            UserError: if there are no parameters.
        """
        from reparam.plots import bars

        if not self.groups:
            raise UserError("the loss has no parameters whose gradients could be drawn")
        names = [f"{group.name}: {group.verdict}" for group in self.groups]
        return bars(names, np.nan_to_num(self.numbers["gradient"], posinf=0.0), unit="norm of the gradient")

    def json(self) -> dict[str, Any]:
        """Everything, as JSON can hold it."""
        return {"ok": self.ok, "blocked": len(self.blocked), **super().json()}

    def _repr_png_(self) -> None:
        """In a notebook the table says more."""

    def __str__(self) -> str:
        from reparam.audit.show import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from reparam.audit.show import as_html

        return as_html(self)
