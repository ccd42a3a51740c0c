"""The runs of a comparison: trained where missing, resumed where interrupted, reused where finished."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from glob import escape
from pathlib import Path

import torch

from reparam.door import is_folder, listed, present
from reparam.errors import UserError
from reparam.folders import standing
from reparam.hardware import threads
from reparam.kinds import KINDS
from reparam.kinds.own import names_function
from reparam.pace import duration
from reparam.runs.config import RunConfig
from reparam.runs.folder import RunFolder
from reparam.runs.lock import held
from reparam.runs.record import Record
from reparam.runs.run import Run
from reparam.settings import ModelConfig, TrainingConfig
from reparam.studies.contenders import Own, contender
from reparam.studies.lengths import steps_once
from reparam.studies.protocol import Protocol
from reparam.training.budget import steps_within
from reparam.training.interrupt import Interrupted, heed_late
from reparam.training.progress import Words
from reparam.training.resolve import resolve
from reparam.training.start import resume, train, train_own

Say = Callable[[str], None]


@dataclass(frozen=True)
class Shown:
    """What is seen of each training: nothing, or its progress and notes, whose settings ``words`` may tell as flags."""

    quiet: bool = True
    words: Words = str


@dataclass(frozen=True)
class Trial:
    """A model with a seed, and its finished run or the reason why there is none.

    Attributes:
        name: of the model in the comparison.
        folder: of the run.
        run: finished, or None.
        failure: why there is none, in a sentence, or None.
        elsewhere: whether another process is training it.
        machine: that trained it, where it was one of several.
    """

    name: str
    folder: Path
    run: Run | None = None
    failure: str | None = None
    elsewhere: bool = False
    machine: str | None = None

    @property
    def outcome(self) -> str:
        """What came of it, in words.

        >>> Trial("vae", Path("study/vae"), failure="there is no space").outcome
        'failed: there is no space'
        """
        if self.run is not None:
            return "finished"
        return f"{'left out' if self.elsewhere else 'failed'}: {self.failure}"


def folder_of(out: Path, name: str, seed: int) -> Path:
    """Where a model's run with a seed lies.

    >>> print(folder_of(Path("study"), "vae-2", 0), folder_of(Path("study"), "vae-2", 3))
    study/vae-2 study/vae-2-seed3
    """
    plain = name.replace(":", "-").rsplit("/", 1)[-1] if names_function(name) else name
    return out / (plain if seed == 0 else f"{plain}-seed{seed}")


def runs_of(out: Path, name: str) -> list[Path]:
    """The folders of a model's runs there are, its first seed first."""
    first = folder_of(out, name, 0)
    return [folder for folder in (first, *listed(out, f"{escape(first.name)}-seed*")) if is_folder(folder)]


def trials(names: Sequence[str], protocol: Protocol, seeds: int, out: Path, say: Say, shown: Shown) -> Iterator[Trial]:
    """Every model with every seed, one after another; what fails is told and passed over.

    What another process is training meanwhile comes last, and is left out if it is not done by then.

    Args:
        names: of the models, see :func:`reparam.studies.contender`.
        protocol: data and budget.
        seeds: 0 to this number, exclusive.
        out: the folder of the comparison.
        say: told what is being done.
        shown: of the trainings' own lines.

    Raises:
        UserError: before anything is trained, if a name is unknown or a folder holds another model.
        reparam.training.interrupt.Interrupted: after Ctrl-C, everything saved.
    """
    later = []
    plan = planned(names, protocol, seeds, out)
    for sentence in _length_of_all([folder_of(out, name, seed) for name, _, seed in plan], protocol):
        say(sentence)
    for name, model, seed in plan:
        trial = attempt(name, model, protocol, seed, out, say, shown)
        heed_late()
        if trial.elsewhere:
            later.append((name, model, protocol, seed, out, say, shown))
        else:
            yield trial
    for again in later:
        trial = attempt(*again)
        heed_late()
        yield trial


def planned(
    names: Sequence[str], protocol: Protocol, seeds: int, out: Path
) -> list[tuple[str, ModelConfig | Own, int]]:
    """Every model with every seed, in their order: all models with the first seed, with the next, and so on.

    Raises:
        UserError: if a name is unknown or a folder holds another model.
    """
    settings = {name: contender(name) for name in names}
    for name, model in settings.items():
        for seed in range(seeds):
            _check_folder(folder_of(out, name, seed), model, protocol)
    return [(name, model, seed) for seed in range(seeds) for name, model in settings.items()]


def _length_of_all(folders: Iterable[Path], protocol: Protocol) -> Iterator[str]:
    """How long all that is still to be trained will take, where a time was given for each."""
    left = sum(not is_done(RunFolder(folder)) for folder in folders)
    if protocol.seconds is not None and left:
        trainings = f"{left:,} trainings" if left > 1 else "1 training"
        yield (
            f"{trainings} of {duration(protocol.seconds)}: about {duration(left * protocol.seconds)}, and what "
            "measuring takes; Ctrl-C stops it, and the same call goes on"
        )


def is_done(run: RunFolder) -> bool:
    """Whether a run is finished; of one that is damaged it is said in its turn."""
    try:
        return present(run.config) and run.finished
    except UserError:
        return False


def _check_folder(folder: Path, model: ModelConfig | Own, protocol: Protocol) -> None:
    """Refuse to take another model's run for this one's."""
    place = RunFolder(folder)
    if not present(place.config):
        return
    recorded = place.record()
    if callable(model):
        same = recorded.settings.model is None and recorded.settings.data == protocol.data
    else:
        same = recorded.settings.data == protocol.data and _same_model(recorded, model, protocol)
    if not same:
        raise UserError(f"{folder} holds a run with other settings of model or data: name another folder with `out`")


def _same_model(recorded: Record, model: ModelConfig, protocol: Protocol) -> bool:
    """Whether settings are those of a run, as they were asked for or once what they leave open is decided."""
    before = recorded.settings.model
    if before == model or before is None:
        return before == model
    decided = [resolve(RunConfig(model=one, data=protocol.data))[0].model for one in (before, model)]
    return decided[0] == decided[1]


def attempt(
    name: str, model: ModelConfig | Own, protocol: Protocol, seed: int, out: Path, say: Say, shown: Shown
) -> Trial:
    """The trial, whatever comes of it; it computes with the protocol's number of threads."""
    folder = folder_of(out, name, seed)
    if who := held(folder):
        return _elsewhere(name, folder, who, say)
    try:
        with standing(out), threads(protocol.threads or torch.get_num_threads()):
            return Trial(name, folder, _run(name, model, protocol, seed, out, say, shown))
    except Interrupted:
        raise
    except Exception as error:  # whatever goes wrong with one model, the others are still worth comparing
        if who := held(folder):  # it was begun there in the meantime
            return _elsewhere(name, folder, who, say)
        reason = str(error) if isinstance(error, UserError) else f"{type(error).__name__}: {error}"
        say(f"{folder}: failed: {reason}")
        return Trial(name, folder, failure=reason)


def _elsewhere(name: str, folder: Path, who: str, say: Say) -> Trial:
    say(f"{folder}: in training by {who}")
    reason = f"{who} is training into {folder}: compare again when it is done"
    return Trial(name, folder, failure=reason, elsewhere=True)


def _run(name: str, model: ModelConfig | Own, protocol: Protocol, seed: int, out: Path, say: Say, shown: Shown) -> Run:
    folder, own = folder_of(out, name, seed), model if callable(model) else None
    place = RunFolder(folder)
    if present(place.config):
        say(f"{folder}: {'finished already' if place.finished else 'going on where it stopped'}")
        again = None if own is None else own(resolve(RunConfig(data=protocol.data))[1])
        return resume(folder, shown.quiet, again, words=shown.words)  # a finished one as it is, with nothing left over
    config = RunConfig(
        model=None if callable(model) else model,
        data=protocol.data,
        training=_training(name, model, protocol, seed, out),
    )
    say(f"{folder}: {'a model of your own' if config.model is None else config.model.kind}, {_length(config.training)}")
    how = (config, folder, shown.quiet, shown.words)
    return train(*how) if own is None else train_own(own, *how)


def _training(name: str, model: ModelConfig | Own, protocol: Protocol, seed: int, out: Path) -> TrainingConfig:
    """The run's length within the budget, which is the same for all seeds."""
    own, settings = (model, None) if callable(model) else (None, model)
    usual = TrainingConfig() if settings is None else KINDS[settings.kind].training
    by = {name: getattr(protocol, name) for name in ("epochs", "shards", "batch_norm_over")}
    usual = usual.model_copy(update={"seed": seed, **by})
    if protocol.seconds is None:
        return usual
    seconds, config = protocol.seconds, RunConfig(model=settings, data=protocol.data, training=usual)
    steps = steps_once(out, name, runs_of(out, name), lambda: steps_within(config, seconds, own))
    return usual.model_copy(update={"steps": steps})


def _length(training: TrainingConfig) -> str:
    return (
        f"{training.epochs} epoch{'' if training.epochs == 1 else 's'}"
        if training.steps is None
        else f"{training.steps:,} steps"
    )
