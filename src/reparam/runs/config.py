"""Everything that decides a run."""

from reparam.kinds import ModelConfig
from reparam.settings import Config, DataConfig, TrainingConfig


class RunConfig(Config):
    """Everything that decides a run; ``model`` is None where Python code composed it."""

    model: ModelConfig | None = None
    data: DataConfig = DataConfig()
    training: TrainingConfig = TrainingConfig()
