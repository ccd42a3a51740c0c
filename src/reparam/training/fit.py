"""``fit``: train any model on any data, into a folder or in memory."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from reparam.data import Dataset, as_dataset, require_binary, require_unit
from reparam.data.places import check_places
from reparam.errors import UserError
from reparam.hardware import choose_device, flushed_denormals
from reparam.models.model import Model
from reparam.models.protocols import HasLikelihood, can
from reparam.models.vae.likelihoods import Likelihood
from reparam.runs.folder import RunFolder
from reparam.runs.run import Run, check_fingerprint, record
from reparam.settings import DataConfig, RunConfig, TrainingConfig
from reparam.training.callbacks import Callback, check_callbacks
from reparam.training.lone import check_batch
from reparam.training.progress import choose
from reparam.training.session import Session
from reparam.training.standard import standard
from reparam.training.tensorboard import require_tensorboard


def fit(
    model: Model,
    data: Any,
    folder: str | Path | None = None,
    *,
    config: RunConfig | None = None,
    resume: bool = False,
    progress: Callback | None = None,
    callbacks: Sequence[Callback] = (),
    **settings: Any,
) -> Run:
    """Train a model.

    Args:
        model: what to train; it ends with the best validation weights (the last, if it has no bound to compare).
        data: whatever holds examples: a data set, a name or a path, a tensor, an array, a data set of torch or Hugging
            Face (see :func:`reparam.data.as_dataset`).
        folder: the run folder to write, which must not exist unless ``resume``; None keeps everything in memory.
        config: the whole settings, where a command resolved them; otherwise give ``settings``.
        resume: go on from the folder's last checkpoint, bit for bit as if never interrupted.
        progress: what is said meanwhile; a live line on a terminal unless given.
        callbacks: told of every moment after our own, see :class:`reparam.training.Callback`; any may stop the run.
        **settings: fields of :class:`reparam.settings.TrainingConfig`, such as ``epochs=12, batch_size=128, seed=0``.

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
    if folder is not None and isinstance(data, str | os.PathLike):
        check_places([folder], [data])
    data = as_dataset(data)
    config = config or RunConfig(data=_describe(data), training=TrainingConfig(**settings))
    check(model, data)
    check_batch(model, data, config.training.batch_size)
    check_callbacks(callbacks)
    device = choose_device(config.training.device)
    model.to(device)
    if config.training.compile:
        _compile(model)
    if config.training.tensorboard:
        require_tensorboard()
    place = _place(folder, resume, model, data, config)
    ours = standard(config.training, place, progress or choose(quiet=False))
    session = Session(model, data, config.training, place, [*ours, *callbacks])
    with flushed_denormals():
        session.run(resume)
    return Run(model, config, place, session.rows, session.weights_from, data)


def check(model: Model, data: Dataset) -> None:
    """Refuse a model that cannot be trained on the data.

    Raises:
        UserError: if shapes differ, or the data leave the likelihood's support.
    """
    if tuple(model.data_shape) != tuple(data.data_shape):
        raise UserError(
            f"the model makes data of shape {tuple(model.data_shape)}, but {data.name!r} has {data.data_shape}"
        )
    if can(model, HasLikelihood) and isinstance(model.likelihood, Likelihood):
        _check_support(model.likelihood, data)


def _check_support(likelihood: Likelihood, data: Dataset) -> None:
    if likelihood.support == "binary":
        require_binary(data)
    if likelihood.support == "unit":
        require_unit(data, type(likelihood).__name__.removesuffix("Likelihood"))


def _describe(data: Dataset) -> DataConfig:
    return DataConfig(data=data.name, binarization=data.binarization, split_seed=data.seed)


def _compile(model: Model) -> None:
    for network in model.children():
        network.compile()


def _place(folder: str | Path | None, resume: bool, model: Model, data: Dataset, config: RunConfig) -> RunFolder | None:
    if folder is None:
        return None
    place = RunFolder(folder)
    if resume:
        check_fingerprint(data, place.read_config(), place)
    else:
        place.create(record(model, data, config))
    return place
