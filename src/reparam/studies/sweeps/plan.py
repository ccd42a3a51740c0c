"""What a sweep is: kept in its folder, so that it is gone on with by the same."""

from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from reparam.door import present
from reparam.errors import UserError
from reparam.files import make_way
from reparam.kinds import KINDS, settings_of
from reparam.runs.config import RunConfig
from reparam.runs.sealed import read_sealed, write_sealed
from reparam.settings import Config, Count, DataConfig, ModelConfig, Positive, Threads, TrainingConfig
from reparam.studies.sweeps.axes import Axis

FILE = "sweep.json"


class Plan(Config):
    """The settings that all trials have, what is varied, and how.

    ``model`` and ``training`` are what was asked for; what is varied takes the place of theirs.
    """

    model: dict[str, Any]
    data: DataConfig
    training: TrainingConfig
    vary: dict[str, dict[str, Any]] = Field(min_length=1)
    seeds: Positive = 1
    """Runs of each trial, whose mean decides."""
    sampler: str = "tpe"
    pruner: str = "median"
    threads: Threads | None = None
    """Threads of a processor that each run computes with."""
    seed: Count = 0
    """Of the proposals; the runs' own begin with that of ``training``."""

    @field_validator("model")
    @classmethod
    def _of_a_kind(cls, model: dict[str, Any]) -> dict[str, Any]:
        if not isinstance(model.get("kind"), str):
            raise ValueError(f"model: {model.get('kind')!r:.80} is no kind of model")
        return model

    @property
    def kind(self) -> str:
        """Of the model."""
        return str(self.model["kind"])

    def config(self, axes: list[Axis], proposed: dict[str, Any], seed: int) -> RunConfig:
        """The settings of a run.

        Args:
            axes: what is varied.
            proposed: by the name of each.
            seed: 0 for a trial's first run, 1 for its second.

        Raises:
            UserError: if they do not go together.
        """
        values = {axis.name: axis.value(proposed[axis.name]) for axis in axes}
        trained = {name: value for name, value in values.items() if name in TrainingConfig.model_fields}
        model: ModelConfig = settings_of(self.model | {n: v for n, v in values.items() if n not in trained})
        training = self.training.model_dump() | trained | {"seed": self.training.seed + seed, "test": False}
        return RunConfig(model=model, data=self.data, training=TrainingConfig(**training))


def planned(model: ModelConfig, data: DataConfig, training: TrainingConfig, axes: list[Axis], **how: Any) -> Plan:
    """The plan of settings that were asked for; what is varied is asked for by its range alone.

    Raises:
        UserError: if a length is varied while the other is given, or a value will not do.
    """
    varied = {axis.name for axis in axes}
    lengths = {"epochs", "steps"} & varied
    if len(lengths) == 1 and getattr(training, other := ({"epochs", "steps"} - lengths).pop()) is not None:
        training = training.model_copy(update={other: None})
    usual = {name: value for name, value in training.model_dump().items() if name not in varied}
    plain = {name: value for name, value in model.model_dump(mode="json").items() if name not in varied}
    KINDS[model.kind].check(model)
    return Plan(model=plain, data=data, training=TrainingConfig(**usual), vary={a.name: a.plain() for a in axes}, **how)


def settle(plan: Plan, out: Path, threads: int) -> Plan:
    """Write the plan into the folder, after making sure that what is there was made by the same.

    Args:
        plan: its number of threads may be left open: then it is what the folder's runs were begun with.
        out: of the sweep.
        threads: unless these tell.

    Raises:
        UserError: naming what differs.
    """
    file = out / FILE
    before = Plan(**read_sealed(file)) if present(file) else None
    known = None if before is None else before.threads
    plan = plan.model_copy(update={"threads": plan.threads or known or threads})
    if before is not None and before != plan:
        differing = [name for name in Plan.model_fields if getattr(before, name) != getattr(plan, name)]
        raise UserError(
            f"{out} holds a sweep of other settings ({', '.join(differing)}): name another folder with `out`, or give "
            "what it was begun with (more `trials` may be added)"
        )
    make_way(file)
    write_sealed(file, plan.model_dump(mode="json"))
    return plan
