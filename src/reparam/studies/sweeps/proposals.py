"""Optuna at work: it proposes settings and is told what they came to; its journal lies in the sweep's folder.

The journal is lines of JSON; Optuna's storage unpickles snapshots of databases alone, and files have none. A proposal
depends on the plan's seed, its number and what has ended by then, never on how often the sweep was gone on with.
"""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from math import prod
from pathlib import Path
from typing import Any

from reparam.door import MOST, parse, present, read_bytes
from reparam.errors import UserError
from reparam.files import replace_atomically
from reparam.folders import Unwritten
from reparam.nearest import meant
from reparam.randomness import derive_seed
from reparam.studies.sweeps.axes import Axis, Choices

FILE = "trials.jsonl"
STUDY = "sweep"
BEGINS, SETS = 4, 5
"""What the lines of Optuna's journal call the beginning of a trial, and one of its settings."""
SAMPLERS = ("tpe", "random", "grid")


@dataclass(frozen=True)
class Proposed:
    """A trial as the journal knows it.

    Attributes:
        number: from 0.
        settings: what was proposed, by the name of each axis.
        state: ``running``, ``complete``, ``pruned`` or ``fail``.
        value: what it came to, the higher the better.
        curve: the best validation so far by the percentage of the training.
    """

    number: int
    settings: Mapping[str, Any]
    state: str
    value: float | None = None
    curve: Mapping[int, float] = field(default_factory=dict)


class Proposals:
    """Proposes settings.

    Attributes:
        most: how many settings there are, where each is tried once.

    Args:
        out: the sweep's folder.
        axes: what is varied.
        sampler: ``tpe`` (tree-structured Parzen estimators, Bergstra et al. 2011), ``random`` or ``grid``.
        seed: of the proposals.
        trials: how many will be asked for: where choices alone are varied and these are not more, each is tried once,
            whoever proposes, since the same setting would be trained to the same bits again.

    Raises:
        UserError: if Optuna is not installed, there is no such sampler, a range has no grid, or the journal is damaged.
    """

    def __init__(self, out: Path, axes: list[Axis], sampler: str, seed: int, trials: int = 0) -> None:
        self._axes, self._sampler, self._seed, self._path = axes, sampler, seed, out / FILE
        require_optuna()
        if sampler not in SAMPLERS:
            raise UserError(
                f"there is no sampler {sampler!r}{meant(sampler, SAMPLERS)}: choose from {', '.join(SAMPLERS)}"
            )
        ranges = [axis.name for axis in axes if not isinstance(axis, Choices)]
        if sampler == "grid" and ranges:
            raise UserError(f'sampler="grid" goes over choices, and {ranges[0]} has a range: name its values instead')
        points = None if ranges else prod(len(axis.values) for axis in axes if isinstance(axis, Choices))
        self.most = points if points is not None and (sampler == "grid" or points <= trials) else None
        with self._written():
            _trim(self._path, len(axes))
        with self._read(), self._written():
            self._study = _opened(self._path)
            self._study.get_trials(deepcopy=False)

    def all(self) -> list[Proposed]:
        """Every trial that was begun, in the order of their numbers."""
        with self._read():
            known = self._study.get_trials(deepcopy=False)
            return [_proposed(trial) for trial in known if trial.state.name != "WAITING"]

    def ask(self) -> Proposed:
        """One more."""
        import optuna

        known = self._study.get_trials(deepcopy=False)
        number = sum(one.state.name != "WAITING" for one in known)
        with _quietly(), self._written():
            if self.most is not None and number == len(known):
                tried = [one.params for one in known]
                new = (point for place in range(self.most) if (point := self._point(place)) not in tried)
                self._study.enqueue_trial(next(new, self._point(number)))
            self._study.sampler = self._made(optuna.samplers, derive_seed(self._seed, "sweep", number) % 2**32)
            trial = self._study.ask({axis.name: _distribution(axis) for axis in self._axes})
        return Proposed(trial.number, dict(trial.params), "running")

    def tell(self, number: int, value: float | None, curve: Mapping[int, float], pruned: bool = False) -> None:
        """What a trial came to; None: it has failed."""
        with self._written():
            self._tell(number, value, curve, pruned)

    def _tell(self, number: int, value: float | None, curve: Mapping[int, float], pruned: bool) -> None:
        import optuna

        state = optuna.trial.TrialState
        (known,) = (one for one in self._study.get_trials(deepcopy=False) if one.number == number)
        trial = optuna.trial.Trial(self._study, known._trial_id)
        for percent, reached in curve.items():
            if percent not in known.intermediate_values:
                trial.report(reached, percent)
        if value is None:
            self._study.tell(number, state=state.FAIL)
        elif pruned:
            self._study.tell(number, state=state.PRUNED)
        else:
            self._study.tell(number, value)

    def importances(self, seed: int = 0) -> dict[str, float]:
        """The share of each setting in how values differ (fANOVA, Hutter et al. 2014); empty where too few tell."""
        import optuna

        done = [one for one in self.all() if one.state == "complete"]
        if len({one.value for one in done}) < 2 or len(done) < 4:
            return {}
        with _quietly():
            evaluator = optuna.importance.FanovaImportanceEvaluator(seed=seed)
            return dict(optuna.importance.get_param_importances(self._study, evaluator=evaluator))

    def _made(self, samplers: Any, seed: int) -> Any:
        if self._sampler == "tpe":
            return samplers.TPESampler(seed=seed, constant_liar=True)
        return samplers.RandomSampler(seed=seed)

    def _point(self, number: int) -> dict[str, str]:
        """A place of the grid, the last axis running fastest; Optuna's own grid wants to end the loop that it is in."""
        found: dict[str, str] = {}
        for axis in reversed(self._axes):
            assert isinstance(axis, Choices)
            number, place = divmod(number, len(axis.values))
            found[axis.name] = list(axis.values)[place]
        return found

    @contextmanager
    def _written(self) -> Iterator[None]:
        """What goes wrong with writing the journal, as a sentence."""
        try:
            yield
        except OSError as error:
            raise Unwritten(
                f"{self._path} cannot be written ({error.strerror or error}): free space, or see to the folder; then "
                "call again, and the sweep goes on"
            ) from error

    @contextmanager
    def _read(self) -> Iterator[None]:
        """What goes wrong with a journal that somebody changed, as a sentence."""
        try:
            yield
        except (
            ValueError,
            LookupError,
            TypeError,
            AttributeError,
            AssertionError,
            ArithmeticError,
            RuntimeError,
        ) as error:
            raise UserError(
                f"{self._path} is damaged ({type(error).__name__}): remove it, and the sweep begins anew"
            ) from None


def require_optuna() -> None:
    """Refuse to go on without Optuna.

    Raises:
        UserError: saying what to install.
    """
    try:
        import optuna  # noqa: F401
    except ImportError:
        raise UserError("sweeps need Optuna: install it with `pip install 'reparam[search]'`") from None


def _trim(path: Path, settings: int) -> None:
    """Take away the half of a line that a kill has left, and the half of a proposal, which is made again."""
    if not present(path):
        return
    content = read_bytes(path, MOST)
    lines = content[: content.rfind(b"\n") + 1].splitlines(keepends=True)
    whole = b"".join(lines[: _proposed_whole(lines, settings)])
    if whole != content:
        replace_atomically(path, lambda beside: beside.write_bytes(whole))


def _proposed_whole(lines: list[bytes], settings: int) -> int:
    """How many lines there are before a last proposal that has not all of its settings yet."""
    try:
        does = [parse(line.decode())["op_code"] for line in lines]
    except (ValueError, LookupError, TypeError):
        return len(lines)  # damaged: told where it is read
    begun = max((at for at, what in enumerate(does) if what == BEGINS), default=len(lines))
    return len(lines) if does[begun:].count(SETS) >= settings else begun


def _opened(path: Path) -> Any:
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.ERROR)
    with _quietly():
        storage = JournalStorage(JournalFileBackend(str(path), lock_obj=_Held()))  # type: ignore[arg-type]
        return optuna.create_study(storage=storage, study_name=STUDY, direction="maximize", load_if_exists=True)


class _Held:
    """The journal's lock: the whole sweep is held by one process already, and Optuna's would outlive a kill."""

    def acquire(self) -> bool:
        """Nothing to wait for."""
        return True

    def release(self) -> None:
        """Nothing to let go of."""


@contextmanager
def _quietly() -> Iterator[None]:
    """Without Optuna's warnings of what it calls experimental."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def _distribution(axis: Axis) -> Any:
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

    if isinstance(axis, Choices):
        return CategoricalDistribution(list(axis.values))
    if axis.whole:
        return IntDistribution(int(axis.low), int(axis.high), log=axis.logarithmic)
    return FloatDistribution(axis.low, axis.high, log=axis.logarithmic)


def _proposed(trial: Any) -> Proposed:
    """A trial of Optuna's."""
    values = {int(step): float(value) for step, value in trial.intermediate_values.items()}
    value = None if trial.values is None or trial.state.name != "COMPLETE" else float(trial.value)
    return Proposed(trial.number, dict(trial.params), trial.state.name.lower(), value, values)
