"""Everything that decides a run."""

from typing import Any

from pydantic import SerializeAsAny, field_validator

from reparam.kinds import settings_of
from reparam.settings import Config, DataConfig, ModelConfig, TrainingConfig


class RunConfig(Config):
    """Everything that decides a run; ``model`` is None where Python code composed it."""

    model: SerializeAsAny[ModelConfig] | None = None
    data: DataConfig = DataConfig()
    training: TrainingConfig = TrainingConfig()

    @field_validator("model", mode="before")
    @classmethod
    def _of_its_kind(cls, given: Any) -> Any:
        """Plain values are read by the table of kinds, so that one that was added to it is known here, too."""
        return settings_of(given) if isinstance(given, dict) else given
