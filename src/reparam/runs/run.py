"""A run: a trained model with its settings and its log, in memory or in a folder."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from reparam.data import DataRecord, Dataset, data_like, load_data
from reparam.data.columns.outside import Outside
from reparam.data.columns.table import TableSchema
from reparam.door import leads_somewhere, user_path
from reparam.errors import UserError
from reparam.models.composition import build, own
from reparam.models.model import Model
from reparam.models.protocols import Conditional, can
from reparam.runs.config import RunConfig
from reparam.runs.folder import RunFolder
from reparam.runs.questions import Questions
from reparam.runs.record import Record
from reparam.runs.weights import take_weights
from reparam.settings import DataConfig


@dataclass(repr=False)
class Run(Questions):
    """A trained model, its settings and its log.

    Attributes:
        model: with the best validation weights where it has a bound to compare, else the last; in evaluation mode.
        config: the settings; its training with nothing left open.
        folder: where it lives, or None.
        rows: the rows of ``metrics.jsonl``.
        step: the training step of the model's weights.
        dataset: the data, where they are at hand.
        written: what ``config.json`` holds, where there is one.
    """

    model: Model
    config: RunConfig
    folder: RunFolder | None = None
    rows: list[dict[str, Any]] = field(default_factory=list)
    step: int | None = None
    dataset: Dataset | None = None
    written: Record | None = None

    def __repr__(self) -> str:
        where = f" in {self.folder.name}" if self.folder else ""
        reached = ", ".join(f"{name} {value:.4g}" for name, value in self.test.items() if value is not None)
        tested = f", test {reached}" if reached else ""
        return f"<Run of a {type(self.model).__name__} on {self.record.name!r}, step {self.step}{tested}{where}>"

    @cached_property
    def data(self) -> Dataset:
        """The data it was trained on, or those that were given in their place; read again if need be.

        Raises:
            UserError: if they are gone or have changed.
        """
        return self.dataset if self.dataset is not None else read_again(self.record, self.config.data, self.where)

    @cached_property
    def record(self) -> DataRecord:
        """What is known of the data without reading them: shapes, classes, range, how values are read."""
        if self.written is not None:
            return self.written.data
        return DataRecord.of(self.data)

    @property
    def where(self) -> str:
        """The run in words: its folder, where it has one."""
        return self.folder.name if self.folder else "this run"

    @property
    def last_row(self) -> dict[str, Any]:
        """The last row of the log, for what a run without any cannot do.

        Raises:
            UserError: if there is none left.
        """
        if not self.rows:
            raise UserError(
                f"{self.where} has no rows of its training left: if it was moved, put it back, and call the same again"
            )
        return self.rows[-1]

    @property
    def test(self) -> dict[str, float]:
        """The test row's quantities, in nats per example; empty before the run is finished."""
        if not self.rows or self.rows[-1]["split"] != "test":
            return {}
        return {name: value for name, value in self.rows[-1].items() if name not in ("step", "epoch", "split")}


def share_data(runs: Iterable[Run]) -> None:
    """Have runs of the same data, read alike, hold them once: what the first of them reads is the others', too.

    Raises:
        UserError: if data are gone or have changed.
    """
    firsts: list[Run] = []
    for run in runs:
        if run.dataset is None:
            alike = (one for one in firsts if (one.record, one.config.data) == (run.record, run.config.data))
            first = next(alike, run)
            run.dataset = first.data
            firsts += [run] if first is run else []


IN_PYTHON = "or in Python reparam.load(run, data=...) to what has no such option"


def read_data(config: DataConfig, table: TableSchema | None = None) -> Dataset:
    """The data set that settings name (``auto`` binarization means none here), by a schema where there is one."""
    binarization = "none" if config.binarization == "auto" else config.binarization
    return load_data(config.data, binarization=binarization, seed=config.split_seed, table=table, **config.asked())


def read_again(record: DataRecord, config: DataConfig, where: str) -> Dataset:
    """The data of a record, from where they lay.

    Raises:
        UserError: if they are gone or have changed.
    """
    if record.source is None:
        raise UserError(f"the data of {where} were given as arrays: give them again with data=..., {IN_PYTHON}")
    source = record.source
    if Path(source).is_absolute() and not leads_somewhere(Path(source)):
        source = config.data  # as it was asked for: a folder that was moved whole brings its data along
    if Path(record.source).is_absolute() and not leads_somewhere(user_path(source)):
        raise UserError(f"the data of {where} are no longer at {record.source}: bring them back there, or a link to "
                        f"them, or give data=..., {IN_PYTHON}")  # fmt: skip
    config = config.model_copy(update={"data": source, "binarization": record.binarization})
    data = read_data(config, record.schema)
    check_fingerprint(data, record, where)
    return data


def check_fingerprint(data: Dataset, record: DataRecord, where: str) -> None:
    """Refuse data that are not those a run was trained on.

    Raises:
        UserError: naming the data and both fingerprints.
    """
    if data.fingerprint != record.fingerprint:
        raise UserError(
            f"the data {data.name!r} have changed since {where} was trained (fingerprint {data.fingerprint[:12]}, "
            f"recorded {record.fingerprint[:12]}): bring the old data back, or train anew"
        )


def load(
    folder: str | Path,
    model: Model | None = None,
    checkpoint: str | int | None = None,
    *,
    data: object = None,
    classes: Sequence[type] = (),
    outside: Outside = "skip",
) -> Run:
    """Read a run back from its folder.

    Args:
        folder: the run folder.
        model: needed only where the model holds modules of the user's own: the same composition again, any weights.
        checkpoint: ``"best"``, ``"last"``, ``"previous"`` (the save before it, where it is kept) or a step whose
            weights were kept; unless given, the best where there is one, or the last, said, where that is damaged.
        data: what takes the place of the data it was trained on: anything that :func:`reparam.fit` takes, of the same
            schema.
        classes: the user's own classes in the composition, instead of ``model``, where their constructors' arguments
            are attributes of the same names.
        outside: of rows of a table given as ``data`` that the run's own do not know, as a word never seen: ``"skip"``
            leaves them out and says so, ``"clip"`` takes numbers and dates at the end of their range, ``"refuse"``
            refuses all.

    Raises:
        UserError: if the folder is no run or is damaged, holds classes that are not given, or the data do not fit.
    """
    place = RunFolder(folder)
    place.check_there()
    record = place.record()
    _check_given(model, classes)
    model = rebuild(record, place, classes) if model is None else model
    _check_shapes(record, model, place)
    notes = take_weights(place, model, checkpoint)
    if can(model, Conditional):
        model.shares = record.data.shares
    config = record.settings.model_copy(update={"training": record.training})
    given = None if data is None else data_like(record.data, data, outside)
    return Run(model.eval(), config, place, place.rows(), notes["step"], given, record)


def _check_given(model: object, classes: object) -> None:
    """Refuse what is no model, and classes that are none.

    Raises:
        UserError: saying what would do.
    """
    if model is not None and not isinstance(model, Model):
        raise UserError(f"model={model!r:.80} will not do: give the composition again, a reparam.Model")
    if not isinstance(classes, Sequence) or not all(isinstance(one, type) for one in classes):
        raise UserError(f"classes={classes!r:.80} will not do: give a list of classes, classes=[Mine]")


def _check_shapes(record: Record, model: Model, place: RunFolder) -> None:
    """Refuse a model of examples of another shape than the data.

    Raises:
        UserError: naming both.
    """
    made, known = tuple(model.data_shape), tuple(record.data.data_shape)
    if made != known:
        raise UserError(
            f"{place.path} says that its examples have shape {known}, and its model makes {made}: restore it"
        )


def rebuild(record: Record, place: RunFolder, classes: Sequence[type] = ()) -> Model:
    """The model of the composition.

    Raises:
        UserError: if it holds classes of the user's own that are not given.
    """
    if isinstance(record.model, dict) and record.model.get("changed"):
        raise UserError(
            f"{place.path} holds a {record.model.get('class')} whose parts were changed after they were constructed: "
            f"compose it again and call reparam.load({str(place.path)!r}, model=...)"
        )
    missing = [name for name in own(record.model) if name not in {cls.__name__ for cls in classes}]
    if missing:
        raise UserError(
            f"{place.path} holds {', '.join(missing)}, which Python code composed: compose it again and call "
            f"reparam.load({str(place.path)!r}, model=...), or pass the classes with classes=[...]"
        )
    return build(record.model, classes)
