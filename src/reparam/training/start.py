"""Starting and resuming runs that settings describe whole: what the command does, from Python."""

import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from reparam.data import Dataset, data_like
from reparam.door import present
from reparam.errors import UserError
from reparam.kinds.own import words as words_of
from reparam.models.model import Model
from reparam.randomness import noise
from reparam.runs.config import RunConfig
from reparam.runs.folder import RunFolder
from reparam.runs.leftovers import half_written
from reparam.runs.record import Record
from reparam.runs.run import Run, load, read_again, rebuild
from reparam.runs.weights import trainings
from reparam.settings import FREE, DataConfig, TrainingConfig
from reparam.training.callbacks import Callback
from reparam.training.checkpoint import drop_previous
from reparam.training.fit import fit
from reparam.training.named import fresh_model
from reparam.training.progress import Words, choose
from reparam.training.resolve import check_same_settings, resolve


def train(
    config: RunConfig,
    folder: str | Path,
    quiet: bool = False,
    words: Words = str,
    callbacks: Sequence[Callback] = (),
) -> Run:
    """Build the model that the settings describe and train it into a new folder; ``words`` as for ``choose``.

    Raises:
        UserError: if the folder exists, or a setting or the data will not do.
    """
    RunFolder(folder).check_free()
    resolved, data = resolve(config)
    model = fresh_model(resolved, data)
    told = choose(quiet, words)
    return fit(model, data, folder, config=resolved, asked=config, progress=told, callbacks=callbacks)


def train_own(
    compose: Callable[[Dataset], Model], config: RunConfig, folder: str | Path, quiet: bool = False, words: Words = str
) -> Run:
    """Train a model of the user's own: ``compose(data)`` gives it.

    Raises:
        UserError: if the folder exists, a setting or the data will not do, or no model is composed.
    """
    RunFolder(folder).check_free()
    resolved, data = resolve(config)
    with noise(config.training.seed, "weights"):
        try:
            model = compose(data)
        except UserError:
            raise
        except (Exception, SystemExit) as error:
            line = traceback.extract_tb(error.__traceback__)[-1]
            raise UserError(
                f"the function raised {words_of(error)} ({Path(line.filename).name}, line {line.lineno}): it is given "
                "a reparam.data.Dataset, which has data_shape, classes, range, train, validation and test"
            ) from error
    if not isinstance(model, Model):
        raise UserError(
            f"the function gave a {type(model).__name__}: it takes the data and gives a reparam.Model, trained or not"
        )
    return fit(model, data, folder, config=resolved, asked=config, progress=choose(quiet, words))


def train_from(
    origin: Run,
    folder: str | Path,
    data: DataConfig | None = None,
    training: TrainingConfig | None = None,
    quiet: bool = False,
    words: Words = str,
) -> Run:
    """Train a new run that begins with another's weights: longer, at another rate, or on other data of the same schema.

    Args:
        origin: the run to begin from.
        folder: of the new run.
        data: other data; the origin's unless given.
        training: how it is trained; as the origin was asked for unless given.
        quiet: say nothing meanwhile.
        words: what becomes of a note before it is shown, see :func:`reparam.training.progress.choose`.

    Raises:
        UserError: if the folder exists, or the data are of another schema.
    """
    RunFolder(folder).check_free()
    assert origin.written is not None, "a run that was loaded"
    described = origin.config.data if data is None else data
    training = training or origin.written.settings.training
    config = RunConfig(model=origin.config.model, data=described, training=training)
    if data is None:
        dataset = origin.data
    else:
        if data.binarization not in ("auto", origin.record.binarization):
            raise UserError(
                f'binarization="{data.binarization}" will not do: the model of {origin.where} was trained with '
                f'"{origin.record.binarization}"; leave it out'
            )
        described = data.model_copy(update={"binarization": origin.record.binarization})
        config = config.model_copy(update={"data": described})
        dataset = data_like(origin.record, resolve(config.model_copy(update={"model": None}))[1])
    born = {
        "run": str(Path(origin.where).resolve()),
        "step": origin.step,
        "data": origin.record.fingerprint,
        "config": RunFolder(origin.where).identity.name,
    }
    return fit(origin.model, dataset, folder, config=config, origin=born, progress=choose(quiet, words))


def resume(
    folder: str | Path,
    quiet: bool = False,
    model: Model | None = None,
    settings: Mapping[str, Any] | None = None,
    data: object = None,
    words: Words = str,
    callbacks: Sequence[Callback] = (),
) -> Run:
    """Go on with an interrupted run; a finished one is returned as it is.

    Args:
        folder: the run folder.
        quiet: say nothing meanwhile.
        words: what becomes of a note before it is shown, see :func:`reparam.training.progress.choose`.
        model: needed only where the model holds modules of the user's own.
        settings: training settings that the caller expects; refused where the run was begun with others.
        data: the same data again, where they were given as arrays or lie elsewhere now.
        callbacks: told of every moment after our own.

    Raises:
        UserError: if the folder is no run, or the data have changed.
    """
    place = RunFolder(folder)
    record = place.record()
    check_same_settings(settings or {}, record.settings.training, folder)
    if place.finished:
        _wind_up(place)
        return load(folder, model, data=data)
    config = record.settings
    begun = bool(trainings(place))
    if model is None and config.model is None and not begun:
        raise UserError(
            f"{folder} broke off before anything was saved, and only the code that composed its model can begin it: "
            "delete the folder, and train anew"
        )
    dataset = read_again(record.data, config.data, str(folder)) if data is None else data_like(record.data, data)
    if model is None:
        model = _taken_up(record, place, dataset, begun)
    free = {name: value for name, value in (settings or {}).items() if name in FREE}
    return fit(model, dataset, folder, resume=True, progress=choose(quiet, words), callbacks=callbacks, **free)


def _wind_up(place: RunFolder) -> None:
    """Do what a kill after the last row has left undone."""
    if half_written(place.path) or (present(place.best) and present(place.previous)):
        with place.locked():
            place.sweep()
            drop_previous(place)


def _taken_up(record: Record, place: RunFolder, data: Dataset, begun: bool) -> Model:
    """The model that a run goes on with; the weights that it begins with are its own where nothing was saved yet.

    Raises:
        UserError: if it began with the weights of another run that is no longer what it was.
    """
    if record.origin is not None and not begun:
        return _of_origin(record.origin, place)
    # a run of schema 0 does not say in what units its constraint measures the columns of a table
    anew = record.settings.model is not None and (record.schema == 0 or not begun)
    return fresh_model(record.settings, data) if anew else rebuild(record, place)


def _of_origin(born: Mapping[str, Any], place: RunFolder) -> Model:
    begins = f"{place.path} broke off before anything was saved, and began with the weights of {born.get('run')}"
    try:
        origin = load(str(born["run"]))
    except (UserError, KeyError) as error:
        raise UserError(f"{begins}, which cannot be had ({error}): delete the folder, and train anew") from None
    now = {"step": origin.step, "config": RunFolder(origin.where).identity.name}
    if any(born.get(name, value) != value for name, value in now.items()):
        raise UserError(f"{begins}, which is another run now: delete the folder, and train anew")
    return origin.model
