"""What ``reparam evaluate`` found, data set by data set, as text and as JSON."""

from dataclasses import asdict, dataclass, field
from math import isfinite
from typing import TYPE_CHECKING, Any

from reparam.cli.scores import fold, likelihood_text, quality_text

if TYPE_CHECKING:
    from reparam.evaluation.likelihood.estimate import LogLikelihood
    from reparam.evaluation.samples.scorecard import Scorecard
    from reparam.evaluation.samples.yardstick import Yardstick

LEFT_OUT = {"log_likelihood": "no log p(x)", "quality": "samples not measured"}


@dataclass
class Found:
    """What the runs of one data set came to, each under its name.

    Attributes:
        data: the data's name.
        likelihoods: log p(x).
        cards: the measures of the samples.
        by: what measures them; None before the first.
        floor: the measures of real examples; None where no run was measured.
    """

    data: str
    likelihoods: "dict[str, LogLikelihood]" = field(default_factory=dict)
    cards: "dict[str, Scorecard]" = field(default_factory=dict)
    by: "Yardstick | None" = None
    floor: "Scorecard | None" = None

    def __bool__(self) -> bool:
        return bool(self.likelihoods or self.cards)

    def text(self, note: str) -> str:
        """The tables that there are; ``note`` ends what stands beneath that of log p(x)."""
        parts = [likelihood_text(self.likelihoods, note)] if self.likelihoods else []
        return "\n\n".join(parts + ([quality_text(self.cards, self.floor)] if self.floor else []))


class Outcome:
    """What was found of each run, and why it was not.

    Args:
        measures: what was asked for: ``log_likelihood``, ``quality``, or both.

    Attributes:
        found: by the data's fingerprint, since numbers of different data do not compare.
        left_out: for each measure the runs that have none, and the reason.
    """

    def __init__(self, measures: tuple[str, ...]) -> None:
        self.found: dict[str, Found] = {}
        self.left_out: dict[str, dict[str, str]] = {measure: {} for measure in measures}

    def __bool__(self) -> bool:
        return any(self.found.values())

    def text(self, note: str = "") -> str:
        """The tables for a person, and what was left out; ``note`` ends what stands beneath those of log p(x)."""
        found = [one for one in self.found.values() if one]
        parts = [(f"data: {one.data}\n\n" if len(found) > 1 else "") + one.text(note) for one in found]
        return "\n\n".join([*parts, "\n".join(map(fold, self.reasons()))]).rstrip()

    def reasons(self) -> list[str]:
        """What was left out, a sentence each."""
        first, *others = self.left_out.values()
        # of a run that could not even be read, once
        wholly = {name: why for name, why in first.items() if all(other.get(name) == why for other in others)}
        return [why if name in why else f"{name}: {why}" for name, why in wholly.items()] + [
            f"{name}: {LEFT_OUT[measure]}: {why}"
            for measure, reasons in self.left_out.items()
            for name, why in reasons.items()
            if name not in wholly
        ]

    def plain(self) -> dict[str, Any]:
        """The same for a program: runs by their names, the floor of each data set by its fingerprint."""
        found: dict[str, Any] = {measure: {} for measure in self.left_out}
        if "quality" in found:
            found["floor"] = {key: one.floor.json() for key, one in self.found.items() if one.floor is not None}
        for one in self.found.values():
            for name, result in one.likelihoods.items():
                found["log_likelihood"][name] = {k: v for k, v in asdict(result).items() if k != "values"}
            for name, card in one.cards.items():
                found["quality"][name] = card.json()
        return {key: _finite(value) for key, value in found.items()} | {"left_out": self.left_out}


def _finite(value: Any) -> Any:
    """The same with None in the place of numbers that JSON does not know."""
    if isinstance(value, dict):
        return {key: _finite(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(part) for part in value]
    return None if isinstance(value, float) and not isfinite(value) else value
