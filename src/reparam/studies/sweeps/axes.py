"""What a sweep varies: a setting in a range, or among choices."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from reparam.errors import UserError
from reparam.kinds import Kind
from reparam.nearest import meant
from reparam.settings import Config, TrainingConfig

KEPT = {"kind", "seed", "device", "test", "tensorboard", "log"}
"""Settings that are none of what a sweep looks for."""
CLOSE = 0.05
LOGARITHMIC = 10.0
"""Ends of a range that are so many times apart are gone over by their logarithms."""


@dataclass(frozen=True)
class Range:
    """A setting between two numbers.

    Attributes:
        name: of the setting.
        low, high: the ends, both among what is tried.
        whole: whether it is a whole number.
    """

    name: str
    low: float
    high: float
    whole: bool

    @property
    def logarithmic(self) -> bool:
        """Whether each order of magnitude is as likely as the next."""
        return self.low > 0 and self.high / self.low >= LOGARITHMIC

    def end(self, value: float) -> str | None:
        """Which end of the range a value is close to, by a twentieth of it; None: neither.

        >>> Range("learning_rate", 1e-4, 1e-2, False).end(9.5e-3), Range("warmup", 0, 1, False).end(0.5)
        ('upper', None)
        """
        low, high, at = (math.log(x) for x in (self.low, self.high, value)) if self.logarithmic else (
            self.low, self.high, value,
        )  # fmt: skip
        share = (at - low) / (high - low)
        return "upper" if share > 1 - CLOSE else "lower" if share < CLOSE else None

    def value(self, proposed: Any) -> Any:
        """What the setting is, of a number that was proposed."""
        return int(proposed) if self.whole else float(proposed)

    def plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {"range": [self.low, self.high]}


@dataclass(frozen=True)
class Choices:
    """A setting among some values, by their labels.

    Attributes:
        name: of the setting.
        values: each behind its label, as JSON holds it.
    """

    name: str
    values: Mapping[str, Any]

    def value(self, proposed: Any) -> Any:
        """What the setting is, of a label that was proposed."""
        return self.values[proposed]

    def plain(self) -> dict[str, Any]:
        """As JSON holds it."""
        return {"choices": dict(self.values)}


Axis = Range | Choices


def axis(kind: Kind, name: str, asked: object) -> Axis:
    """What is to be tried of a setting.

    Args:
        kind: of model.
        name: of a setting of it, or of training; with hyphens or underscores.
        asked: ``"1e-4..1e-2"`` or a tuple of two numbers: a range; ``"200,400+200"`` (widths) or a list: choices.

    Raises:
        UserError: if there is no such setting, or a value will not do for it.

    >>> from reparam.kinds import KINDS
    >>> axis(KINDS["vae"], "learning-rate", "1e-4..1e-2")
    Range(name='learning_rate', low=0.0001, high=0.01, whole=False)
    >>> axis(KINDS["vae"], "hidden", "200,400+200").values
    {'200': [200], '400+200': [400, 200]}
    """
    name = name.replace("-", "_")
    config = _home(kind, name)
    if isinstance(asked, str):
        low, dots, high = asked.partition("..")
        if dots:
            return _range(config, name, low, high)
        return _choices(config, name, [part for part in asked.split(",") if part])
    if isinstance(asked, tuple) and len(asked) == 2:
        return _range(config, name, *asked)
    if not isinstance(asked, Iterable):
        raise UserError(f"{name}={asked!r} varies nothing: give a tuple of two numbers, or a list of values")
    return _choices(config, name, list(asked))


def _home(kind: Kind, name: str) -> type[Config]:
    """The settings that a name is of."""
    homes = [config for config in (kind.settings, TrainingConfig) if name in config.model_fields and name not in KEPT]
    if homes:
        return homes[0]
    there = sorted({*kind.settings.model_fields, *TrainingConfig.model_fields} - KEPT)
    raise UserError(
        f"a {kind.name} has no setting {name!r} to vary{meant(name, there)}: name one of {', '.join(there)}"
    )


def _range(config: type[Config], name: str, low: object, high: object) -> Range:
    ends = [_typed(config, name, end) for end in (low, high)]
    if not all(isinstance(end, int | float) and not isinstance(end, bool) for end in ends):
        raise UserError(f"{name} is no number, and has no range: give values with commas between them")
    if not ends[0] < ends[1]:
        raise UserError(f"{name}={low}..{high} is no range: give the smaller end first")
    return Range(name, ends[0], ends[1], all(isinstance(end, int) for end in ends))


def _choices(config: type[Config], name: str, values: list[Any]) -> Choices:
    if len(values) < 2:
        raise UserError(
            f"{name} is given {len(values)} value{'s' * (len(values) != 1)}, which varies nothing: give two"
        )
    found = {_label(value): _typed(config, name, value) for value in values}
    return Choices(name, {label: list(value) if isinstance(value, tuple) else value for label, value in found.items()})


def _label(value: object) -> str:
    """How a choice is called."""
    return "+".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _typed(config: type[Config], name: str, value: object) -> Any:
    """A value of a setting, of its type; of a text with plus signs, several.

    Raises:
        UserError: if it is none.
    """
    forms = [value, value.split("+")] if isinstance(value, str) else [value, [value]]
    refused: UserError | None = None
    for form in forms:
        try:
            return getattr(config(**{name: form}), name)
        except UserError as error:
            refused = refused or error
    assert refused is not None
    raise refused
