"""An estimator's class out of a kind: its constructor from the kind's settings, its methods from what its model can."""

from inspect import Parameter, Signature
from typing import Any

from pydantic.fields import FieldInfo

from reparam.kinds import Kind
from reparam.models.protocols import Decodes, Encodes, Judges, Samples, can
from reparam.nearest import meant
from reparam.settings import TrainingConfig
from reparam.sklearn.base import Estimator
from reparam.sklearn.codes import Codes, CodesBack
from reparam.sklearn.judging import Fit, Likeness
from reparam.sklearn.sampling import Sampling
from reparam.sklearn.words import documentation

OWN: dict[str, Any] = {
    "data_shape": None,
    "columns": None,
    "validation_fraction": 0.1,
    "draws": 100,
    "verbose": False,
    "random_state": None,
}
"""The parameters that are no settings of ours, with their defaults."""
ELSEWHERE = {"kind", "seed", "test", "tensorboard", "keep_every", "log_every", "log"}
"""Settings that an estimator has no use for, or calls otherwise."""


def estimator(kind: Kind) -> type[Estimator]:
    """The class of a kind's estimators, the same every time.

    Args:
        kind: one of :data:`reparam.kinds.KINDS`; what is fitted of a kind of your own is read where it was added.

    >>> from reparam.kinds import KINDS
    >>> estimator(KINDS["gan"]).__name__
    'GAN'
    """
    if kind.name not in _MADE or _MADE[kind.name].kind is not kind:
        _MADE[kind.name] = _derived(kind)
    return _MADE[kind.name]


_MADE: dict[str, type[Estimator]] = {}


def _derived(kind: Kind) -> type[Estimator]:
    defaults, name = _defaults(kind), kind.model.__name__
    able: dict[Any, bool] = {one: can(kind.model, one) for one in (Encodes, Decodes, Judges, Samples)}
    abilities = {
        Codes: able[Encodes],
        CodesBack: able[Encodes] and able[Decodes],
        Sampling: able[Samples],
        Fit: able[Encodes],
        Likeness: not able[Encodes] and able[Judges] and able[Samples],
    }
    members = {
        "kind": kind,
        "__init__": _constructor(defaults),
        "__doc__": documentation(kind, defaults, OWN),
        "__module__": "reparam.sklearn",
        "__qualname__": name,
    }
    return type(name, (*(one for one, has in abilities.items() if has), Estimator), members)


def _defaults(kind: Kind) -> dict[str, Any]:
    """Every parameter's default: a kind's settings, then how it is trained, then what is scikit-learn's."""
    training = {name: getattr(kind.training, name) for name in TrainingConfig.model_fields if name not in ELSEWHERE}
    settings = {name: _default(field) for name, field in kind.settings.model_fields.items() if name not in ELSEWHERE}
    return settings | training | OWN


def _default(field: FieldInfo) -> Any:
    return field.get_default(call_default_factory=True, validated_data={})


def _constructor(defaults: dict[str, Any]) -> Any:
    """``__init__`` that keeps its arguments as they are, as scikit-learn asks, and shows its signature."""
    named = [Parameter(name, Parameter.KEYWORD_ONLY, default=value) for name, value in defaults.items()]
    signature = Signature([Parameter("self", Parameter.POSITIONAL_OR_KEYWORD), *named])

    def __init__(self: Any, **settings: Any) -> None:
        if unknown := next((name for name in settings if name not in defaults), None):
            own = type(self).__name__
            raise TypeError(f"{own} has no parameter {unknown!r}{meant(unknown, defaults)}; help({own}) lists them")
        bound = signature.bind(self, **settings)
        bound.apply_defaults()
        vars(self).update({name: value for name, value in bound.arguments.items() if name != "self"})

    __init__.__signature__ = signature  # type: ignore[attr-defined]
    return __init__
