"""Rows in other programs' trackers: Weights & Biases and MLflow, each a callback; ``log=("wandb", "mlflow")`` has them.

Where a tracker keeps what it is told, and under whose account, is said as it always is: by its own settings
(``WANDB_PROJECT``, ``WANDB_MODE=offline``, ``MLFLOW_TRACKING_URI``). A run that goes on goes on in the same run there.
"""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from reparam.errors import UserError
from reparam.runs.folder import RunFolder
from reparam.training.callbacks import Callback, Row
from reparam.training.tensorboard import TensorBoard

if TYPE_CHECKING:
    from reparam.training.session import Session

PROJECT = "reparam"
"""What projects and experiments are called unless something else is said."""


def values_of(row: Row) -> Iterator[tuple[str, float]]:
    """A row's quantities as ``<split>/<name>``; those that are not finite are left out.

    >>> dict(values_of({"step": 1, "epoch": 0.5, "split": "train", "elbo": -3.0, "kl": None}))
    {'train/epoch': 0.5, 'train/elbo': -3.0}
    """
    for name, value in row.items():
        if name not in ("step", "split") and value is not None:
            yield f"{row['split']}/{name}", float(value)


def settings_of(folder: RunFolder | None, session: "Session") -> dict[str, Any]:
    """What decides the run, by name."""
    if folder is None:
        return session.config.model_dump(mode="json")
    settings = folder.record().settings.model_dump(mode="json")
    return {f"{part}.{name}": value for part, held in settings.items() if held for name, value in held.items()}


class WandB(Callback):
    """Tells Weights & Biases of every row (the extra ``reparam[wandb]``).

    Args:
        folder: the run's, where it has one: what W&B keeps on the disk lies in it, and a resumed run goes on there.
        **init: what else ``wandb.init`` takes, as ``project`` or ``tags``.
    """

    def __init__(self, folder: RunFolder | None = None, **init: Any) -> None:
        self.folder, self.init = folder, init
        self._run: Any = None

    def start(self, session: "Session") -> None:
        """Begin a run there, or go on with the one that the folder had."""
        import wandb

        known: dict[str, Any] = {"project": os.environ.get("WANDB_PROJECT", PROJECT)}
        if self.folder is not None:
            known |= {"id": self.folder.identity.name[:16], "resume": "allow"}
            known |= {"name": self.folder.path.name, "dir": str(self.folder.path)}
        quiet = wandb.Settings(silent=True, console="off")
        self._run = wandb.init(config=settings_of(self.folder, session), settings=quiet, **{**known, **self.init})

    def row(self, session: "Session", row: Row) -> None:
        """Tell of one; what was told before an interruption is told alike again, and counts once."""
        self._run.log(dict(values_of(row)), step=row["step"])

    def close(self, session: "Session") -> None:
        """Say how it ended."""
        if self._run is not None:
            self._run.finish(exit_code=0 if _is_over(session) else 1)
            self._run = None


class MLflow(Callback):
    """Tells MLflow of every row (the extra ``reparam[mlflow]``).

    Args:
        folder: the run's, where it has one: a resumed run goes on in the same run there.
        experiment: its name; ``MLFLOW_EXPERIMENT_NAME``, or ``reparam``, unless given.
    """

    TAG = "reparam.run"

    def __init__(self, folder: RunFolder | None = None, experiment: str | None = None) -> None:
        self.folder = folder
        self.experiment = experiment or os.environ.get("MLFLOW_EXPERIMENT_NAME") or PROJECT
        self._client: Any = None
        self._told: dict[str, int] = {}

    def start(self, session: "Session") -> None:
        """Begin a run there, or go on with the one that the folder had."""
        from mlflow import MlflowClient

        self._client = MlflowClient()
        found = self._client.get_experiment_by_name(self.experiment)
        place = found.experiment_id if found else self._client.create_experiment(self.experiment)
        identity = None if self.folder is None else self.folder.identity.name
        self._run = self._known(place, identity) or self._begun(place, identity, session)
        self._client.update_run(self._run, status="RUNNING")

    def _known(self, place: str, identity: str | None) -> str | None:
        """The run that the folder had, with how far it was told."""
        if identity is None:
            return None
        known = self._client.search_runs([place], f"tags.`{self.TAG}` = '{identity}'", max_results=1)
        if not known:
            return None
        number: str = known[0].info.run_id
        for name in known[0].data.metrics:
            steps = [one.step for one in self._client.get_metric_history(number, name)]
            split = name.partition("/")[0]
            self._told[split] = max(self._told.get(split, -1), *steps)
        return number

    def _begun(self, place: str, identity: str | None, session: "Session") -> str:
        name = None if self.folder is None else self.folder.path.name
        tags = {} if identity is None else {self.TAG: identity}
        number: str = self._client.create_run(place, run_name=name, tags=tags).info.run_id
        for key, value in settings_of(self.folder, session).items():
            self._client.log_param(number, key, str(value)[:500])
        return number

    def row(self, session: "Session", row: Row) -> None:
        """Tell of one, unless it was told before an interruption."""
        if row["step"] <= self._told.get(row["split"], -1):
            return
        for name, value in values_of(row):
            self._client.log_metric(self._run, name, value, step=row["step"])

    def close(self, session: "Session") -> None:
        """Say how it ended."""
        if self._client is not None:
            self._client.set_terminated(self._run, "FINISHED" if _is_over(session) else "KILLED")
            self._client = None


def _is_over(session: "Session") -> bool:
    """Whether a training came to its end, or was asked to stop, and was not broken off."""
    return session.stopped is not None or session.step >= session.total


TRACKERS: Mapping[str, tuple[str, Callable[[RunFolder | None], Callback]]] = {
    "tensorboard": ("tensorboard", lambda folder: _board(folder)),
    "wandb": ("wandb", WandB),
    "mlflow": ("mlflow", MLflow),
}
"""By name: the package that it needs, and the callback of a run's folder."""


def _board(folder: RunFolder | None) -> Callback:
    if folder is None:
        raise UserError('log="tensorboard" writes into a run folder, and none was given: name one')
    return TensorBoard(folder.path / "tensorboard")


def trackers(names: Sequence[str], folder: RunFolder | None) -> list[Callback]:
    """The callbacks of the trackers that are asked for, each once; refused as :func:`require_trackers` does."""
    require_trackers(names)
    return [TRACKERS[name][1](folder) for name in dict.fromkeys(names)]


def require_trackers(names: Sequence[str]) -> None:
    """Refuse before anything is written.

    Raises:
        UserError: if one is not installed.

    >>> require_trackers(())
    """
    for name in names:
        if find_spec(TRACKERS[name][0]) is None:
            raise UserError(f"log={name} needs a package of that name: pip install 'reparam[{name}]'")
