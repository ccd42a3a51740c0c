"""What a kind of model is: its settings, how it is composed from them, and how it is trained unless told otherwise."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from reparam.errors import UserError
from reparam.models.model import Model
from reparam.models.traits import Traits
from reparam.settings import ModelConfig, TrainingConfig


@dataclass(frozen=True)
class Idle:
    """Settings that have no effect under a condition on the others.

    Args:
        names: of the settings.
        when: the condition.
        because: it in words, such as ``network="mlp"``.
    """

    names: tuple[str, ...]
    when: Callable[[Any], bool]
    because: str


def _nothing(model: Model, traits: Traits, asked: TrainingConfig) -> dict[str, Any]:
    return {}


@dataclass(frozen=True)
class Kind:
    """A kind of model: one file of ``reparam.kinds``, and everything else derives from it.

    Args:
        name: on the command line.
        settings: the class of its settings: typed, documented; the source of flags and help.
        model: the class that is composed.
        what: it is, in a few words.
        examples: for ``--help``.
        resolve: from settings as asked and the data's traits to settings with nothing left open.
        build: from resolved settings and traits to a model.
        training: how it is trained unless told otherwise.
        suits: what of that depends on the composed model, the data and the training that was asked for: fields of
            :class:`TrainingConfig`.
        idle: settings that other settings leave without effect.
        variants: by name, settings that ``compare`` offers besides the plain kind.
    """

    name: str
    settings: type[ModelConfig]
    model: type[Model]
    what: str
    examples: tuple[str, ...]
    resolve: Callable[[Any, Traits], Any]
    build: Callable[[Any, Traits], Model]
    training: TrainingConfig = field(default_factory=TrainingConfig)
    suits: Callable[[Any, Traits, TrainingConfig], dict[str, Any]] = _nothing
    idle: Sequence[Idle] = ()
    variants: Mapping[str, ModelConfig] = field(default_factory=dict)

    def check(self, settings: ModelConfig) -> None:
        """Refuse settings that would have no effect.

        Raises:
            UserError: naming the setting and what makes it idle.
        """
        for idle in self.idle:
            if not idle.when(settings):
                continue
            for name in idle.names:
                value = getattr(settings, name)
                if value != type(settings).model_fields[name].default:
                    raise UserError(f"{name}={value!r} has no effect with {idle.because}: leave one of the two out")
