"""``fit``: train any model on any data, into a folder or in memory."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from reparam.contention import sharing_cores
from reparam.data import DataRecord, Dataset, as_dataset, binarized, require_binary, require_unit
from reparam.data.made import check_made
from reparam.data.places import lies_among
from reparam.door import present
from reparam.errors import UserError
from reparam.hardware import choose_device, flushed_denormals, multiplied_as, repeatable, threads
from reparam.models.model import Model
from reparam.models.protocols import Conditional, HasLikelihood, can
from reparam.models.vae.columns import ColumnsLikelihood
from reparam.models.vae.likelihoods import Likelihood
from reparam.runs.config import RunConfig
from reparam.runs.folder import RunFolder
from reparam.runs.record import Record, record_of
from reparam.runs.run import Run, check_fingerprint
from reparam.settings import FREE, DataConfig, ModelConfig, TrainingConfig
from reparam.training.callbacks import Callback, check_callbacks
from reparam.training.fits import check_memory
from reparam.training.lone import check_batch
from reparam.training.named import by_name
from reparam.training.processes import STANDS, Processes, joined
from reparam.training.progress import choose
from reparam.training.resolve import check_same_kind, check_same_settings, settle, usual_training
from reparam.training.session import Session
from reparam.training.sharding import check_norms, check_shards
from reparam.training.standard import standard
from reparam.training.tables import require_rows
from reparam.training.tensorboard import require_tensorboard
from reparam.training.trackers import require_trackers


def fit(
    model: Model | str,
    data: Any,
    folder: str | Path | None = None,
    *,
    config: RunConfig | None = None,
    asked: RunConfig | None = None,
    origin: dict[str, Any] | None = None,
    resume: bool | str | Path = False,
    progress: Callback | None = None,
    callbacks: Sequence[Callback] = (),
    **settings: Any,
) -> Run:
    """Train a model.

    Args:
        model: what to train, or the name of a kind, which is composed for the data as the command does; it ends with
            the best validation weights (the last, if it has no bound to compare).
        data: whatever holds examples: a data set, a name or a path, a tensor, an array, a data set of torch or Hugging
            Face (see :func:`reparam.data.as_dataset`).
        folder: the run folder to write, which must not exist unless ``resume``; None keeps everything in memory.
        config: the whole settings, where a command resolved them; otherwise give ``settings``.
        asked: the settings as they were asked for, for the record; ``config`` unless given.
        origin: the run that the model's weights are from, for the record.
        resume: go on from the folder's last checkpoint, bit for bit as if never interrupted; settings that are given
            must be those it was begun with. The folder may be named here, as errors do.
        progress: what is said meanwhile; a live line on a terminal unless given.
        callbacks: told of every moment after our own, see :class:`reparam.training.Callback`; any may stop the run.
        **settings: fields of :class:`reparam.settings.TrainingConfig`, such as ``epochs=12, batch_size=128, seed=0``,
            and of a kind that was named, such as ``latent_dim=2``; what is left open is what ``reparam train`` does
            with a model of that kind.

    Returns:
        The run, its last row the test row.

    Raises:
        UserError: if a setting, the folder or the data will not do.
        reparam.training.interrupt.Interrupted: after Ctrl-C, everything saved.

    >>> import reparam
    >>> from reparam.networks import MLP
    >>> data = reparam.load_data("two-gaussians")
    >>> d, = data.data_shape
    >>> likelihood = reparam.models.NormalLikelihood((d,))
    >>> vae = reparam.VAE(MLP(d, [8], 2), MLP(1, [8], d), reparam.models.StandardNormal(1), likelihood=likelihood)
    >>> run = reparam.fit(vae, data, steps=5, progress=reparam.training.Silent())
    >>> sorted(run.test)
    ['elbo', 'kl', 'reconstruction']
    """
    if config is not None and settings:
        raise UserError(f"{', '.join(settings)} and config= were both given: put all settings into config")
    folder, resume = _begun(folder, resume)
    named: ModelConfig | None = None
    if isinstance(model, str):
        if config is not None:
            raise UserError(f"{model!r} names a kind, and config= describes a model: give one of the two")
        model, data, asked, config = by_name(model, data, settings)
        named = asked.model
        settings = {name: value for name, value in settings.items() if name in TrainingConfig.model_fields}
    require_model(model)
    data = _read_for(model, data)
    if folder is not None and (among := lies_among(folder, data.source)):
        data = replace(data, notes=(*data.notes, among))
    check(model, data)
    training = config.training if config else usual_training(model, settings)
    check_callbacks(callbacks)
    if training.tensorboard:
        require_tensorboard()
    require_trackers(training.log)
    place = None if folder is None else RunFolder(folder)
    with joined(lambda: _goes_on(place)) as processes:
        if resume and place is not None:
            written = _written(place, model, data, settings, named)
        else:
            written = _decided(model, data, training, asked or config, origin, processes)
        check_shards(written.training.shards, min(written.training.batch_size, len(data.train)), processes)
        if place is not None and processes.first and not resume:
            place.create(written)
        processes.wait()
        told = standard(written.training, place, progress or choose(quiet=False), processes.first)
        told += callbacks if processes.first else []
        return _trained(model, data, place, written, resume, told, processes)


def _begun(folder: str | Path | None, resume: bool | str | Path) -> tuple[str | Path | None, bool]:
    """The folder, which ``resume`` may name, and whether its run goes on."""
    if isinstance(resume, str | Path):
        if folder is not None and Path(folder) != Path(resume):
            raise UserError(f'resume="{resume}" goes on there, and {folder} is another folder: name one of the two')
        return resume, True
    if resume and folder is None:
        raise UserError("resume=True goes on from a folder, and none was given: name it")
    return folder, resume


def _goes_on(place: RunFolder | None) -> str:
    """What is left where another process was lost."""
    kept = place is not None and present(place.config)
    return f'{STANDS}, and resume="{place.path}" goes on' if place is not None and kept else "nothing was saved"


def _trained(
    model: Model,
    data: Dataset,
    place: RunFolder | None,
    written: Record,
    resume: bool,
    told: Sequence[Callback],
    processes: Processes,
) -> Run:
    """Train as the record says."""
    training = written.training
    model.to(choose_device(training.device))
    if can(model, Conditional):
        model.shares = written.data.shares
    if training.compile:
        _compile(model)
    session = Session(model, data, training, place, told, processes)
    with ExitStack() as stack:
        for context in (sharing_cores(), flushed_denormals(), repeatable(), threads(training.threads)):
            stack.enter_context(context)
        stack.enter_context(multiplied_as(training.precision, next(model.parameters()).device))
        _run(session, resume)
    config = written.settings.model_copy(update={"training": training})
    return Run(model, config, place, session.rows, session.weights_from, data, written)


@torch.inference_mode(False)
@torch.enable_grad()
def _run(session: Session, resume: bool) -> None:
    """Whatever the caller has switched off."""
    session.run(resume)


def _decided(
    model: Model,
    data: Dataset,
    training: TrainingConfig,
    asked: RunConfig | None,
    origin: dict[str, Any] | None,
    processes: Processes,
) -> Record:
    """What a new run will be, after making sure that it can be."""
    resolved = settle(training, model, data)
    check_shards(resolved.shards, min(resolved.batch_size, len(data.train)), processes)
    check_norms(model, resolved)
    check_batch(model, data, resolved)
    check_memory(model, data, resolved, processes.count)
    asked = asked or RunConfig(data=_describe(data), training=training)
    return record_of(model, asked, resolved, DataRecord.of(data), origin)


def _written(
    place: RunFolder, model: Model, data: Dataset, settings: Mapping[str, Any], named: ModelConfig | None
) -> Record:
    """What the folder says of the run that goes on, after making sure that it is this one."""
    written = place.record()
    check_same_kind(named, written.settings.model, place.path)
    check_same_settings(settings, written.settings.training, place.path)
    check_fingerprint(data, written.data, str(place.path))
    free = {name: value for name, value in settings.items() if name in FREE}
    written = replace(written, training=written.training.model_copy(update=free))
    if written.training.optimizers:
        return written
    # a run of schema 0 did not write down what its turns asked for
    found = settle(written.settings.training, model, data, suits=False)
    moved = {turn: {name: one[name] for name in one if name != "fused"} for turn, one in found.optimizers.items()}
    kept = {"products": written.training.products, "optimizers": moved}
    return replace(written, training=found.model_copy(update=kept))


def require_model(model: Any) -> None:
    """Refuse what is no model.

    Raises:
        UserError: saying what would do.

    >>> require_model(3)
    Traceback (most recent call last):
    reparam.errors.UserError: fit trains a model, and was given the int 3: name a kind, or give reparam.VAE(...)
    """
    if not isinstance(model, Model):
        given = (
            f"the class {model.__name__}" if isinstance(model, type) else f"the {type(model).__name__} {model!r:.60}"
        )
        raise UserError(f"fit trains a model, and was given {given}: name a kind, or give reparam.VAE(...)")


def _read_for(model: Model, given: Any) -> Dataset:
    """What holds examples as a data set; grey values for a model of coins are binarized, as the command does.

    A data set is taken as it is: whoever made it decided.
    """
    data = as_dataset(given)
    check_made(data)
    coins = (
        can(model, HasLikelihood) and isinstance(model.likelihood, Likelihood) and model.likelihood.support == "binary"
    )
    low, high = data.range
    if isinstance(given, Dataset) or not coins or data.binary or low < 0 or high > 1:
        return data
    return binarized(data, "dynamic")


def check(model: Model, data: Dataset) -> None:
    """Refuse a model that cannot be trained on the data.

    Raises:
        UserError: if shapes differ, the weights are in another precision, or the data leave the likelihood's support.
    """
    if tuple(model.data_shape) != tuple(data.data_shape):
        raise UserError(
            f"the model makes data of shape {tuple(model.data_shape)}, but {data.name!r} has {data.data_shape}"
        )
    formats = {value.dtype for value in model.parameters() if value.is_floating_point()}
    if formats and torch.float32 not in formats:
        given = ", ".join(sorted(str(dtype).removeprefix("torch.") for dtype in formats))
        raise UserError(f"the model's weights are {given}, and training is in float32: give model.float()")
    if can(model, HasLikelihood) and isinstance(model.likelihood, Likelihood):
        _check_support(model.likelihood, data)


def _check_support(likelihood: Likelihood, data: Dataset) -> None:
    if likelihood.support == "binary":
        require_binary(data)
    if likelihood.support == "unit":
        require_unit(data, type(likelihood).__name__.removesuffix("Likelihood"))
    if isinstance(likelihood, ColumnsLikelihood):
        require_rows(likelihood, data)


def _describe(data: Dataset) -> DataConfig:
    source = data.name if data.source is None else data.source
    return DataConfig(data=source, binarization=data.binarization, split_seed=data.seed, **data.reading.asked())


def _compile(model: Model) -> None:
    for network in model.children():
        network.compile()
