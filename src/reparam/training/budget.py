"""How many training steps fit a time, by timing a few on this machine."""

import time
from collections.abc import Callable

import torch

from reparam.contention import sharing_cores
from reparam.data import Batches, Dataset
from reparam.errors import UserError
from reparam.hardware import choose_device, flushed_denormals
from reparam.models.model import Batch, Model
from reparam.models.protocols import Watches, can
from reparam.randomness import noise
from reparam.runs.config import RunConfig
from reparam.settings import TrainingConfig
from reparam.training.fits import check_memory
from reparam.training.lone import check_batch
from reparam.training.loop import Loop, steps_per_epoch
from reparam.training.named import fresh_model
from reparam.training.resolve import resolve, settle
from reparam.training.sharding import Sharding, check_norms, check_shards
from reparam.training.validation import average

WARM_UP, TIMED, ENOUGH_SECONDS = 5, 60, 2.0
ANY_TOTAL = 10_000


def steps_within(config: RunConfig, seconds: float, compose: Callable[[Dataset], Model] | None = None) -> int:
    """How many steps of a run, with its validations and readings, take about so many seconds on this machine.

    A throw-away model is trained for up to 60 steps or two seconds. The answer depends on the machine and on what else
    it does; a run that is given it as ``steps`` is reproducible all the same.

    Args:
        config: the settings of the run; its ``epochs`` and ``steps`` are ignored.
        seconds: of training, at least one step's worth.
        compose: gives the model, where it is the user's own.

    Raises:
        UserError: if no time is left, or a setting or the data will not do.
    """
    if not seconds > 0:
        raise UserError(f"a budget of {seconds:g} seconds trains nothing: give 60 or more")
    config, data = resolve(config)
    with sharing_cores(), flushed_denormals(), noise(config.training.seed, "budget"):
        model = fresh_model(config, data) if compose is None else compose(data)
        return max(1, round(seconds / _seconds_per_step(model, config.training, data)))


def _seconds_per_step(model: Model, asked: TrainingConfig, data: Dataset) -> float:
    """A step, with its share of an epoch's validation and of a logged row's readings."""
    training = settle(asked.model_copy(update={"steps": ANY_TOTAL, "epochs": None}), model, data)
    check_shards(training.shards, min(training.batch_size, len(data.train)))
    check_norms(model, training)
    check_batch(model, data, training)
    check_memory(model, data, training)
    model = model.to(choose_device(training.device)).train()
    device = next(model.parameters()).device
    batches, turns = Batches(data.train, data, training.batch_size, training.seed, device), list(model.turns())
    sharding = Sharding(training.shards)
    loop = Loop(turns, batches, training, ANY_TOTAL, steps_per_epoch(turns, batches), within=model, sharding=sharding)
    step = _timed_steps(loop)
    x, y = loop.batch(0) if training.shards == 1 else loop.some(0)
    reading = _timed(lambda: model.watch(Batch(x, y))) if can(model, Watches) else 0.0
    validation = _timed(lambda: average(model, data.validation, data, training.seed))
    apart = loop.steps_per_epoch * training.validate_every
    return step + reading / min(training.log_every, apart) + validation / apart


def _timed_steps(loop: Loop) -> float:
    """Mean seconds of a step, after some to warm up."""
    for step in range(WARM_UP):
        loop.play(step)
    _wait()
    start = now = time.perf_counter()
    step = WARM_UP
    while step - WARM_UP < TIMED and now - start < ENOUGH_SECONDS:
        loop.play(step)
        _wait()
        step, now = step + 1, time.perf_counter()
    return (now - start) / (step - WARM_UP)


def _timed(action: Callable[[], object]) -> float:
    """Seconds that an action takes."""
    start = time.perf_counter()
    action()
    _wait()
    return time.perf_counter() - start


def _wait() -> None:
    """Until a device has done what it was told."""
    if torch.cuda.is_available():
        torch.cuda.synchronize()
