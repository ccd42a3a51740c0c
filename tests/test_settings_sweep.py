"""Every number of every setting at values that no one means: taken or refused in words."""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest

from reparam.data import Dataset
from reparam.errors import UserError
from reparam.kinds import KINDS
from reparam.models.model import Model
from reparam.runs.config import RunConfig
from reparam.settings import DataConfig, ReadingConfig, TrainingConfig
from reparam.training.resolve import resolve, settle
from reparam.training.start import fresh_model

NOT_FINITE = (float("nan"), float("inf"), -float("inf"))
HUGE = (2**31, 10**9)
VALUES = (-1, 0, 1, *HUGE, 2**63, 10**30, -0.5, 1e30, 1e308, 1e-320, *NOT_FINITE, "x")
SMALL = {"steps": 1, "batch_size": 8, "memory": 0.5}


def numbers(settings: Any) -> Iterator[str]:
    """The fields of settings that take a number, or several."""
    for name, field in settings.model_fields.items():
        if {int, float} & set(_within(field.annotation)):
            yield name


def _within(kind: Any) -> Iterator[Any]:
    yield kind
    for part in filter(lambda part: isinstance(part, type) or get_args(part), get_args(kind)):
        yield from _within(part)


def _is_several(settings: Any, name: str) -> bool:
    return any(getattr(part, "__origin__", None) is tuple for part in _within(settings.model_fields[name].annotation))


def _given(settings: Any, name: str, value: Any) -> Any:
    """Settings with a value in one field; None where it is refused, in one line that names the field."""
    found = _tried(lambda: settings(**{name: (value, value) if _is_several(settings, name) else value}))
    assert not isinstance(found, str) or name in found, "the sentence names the setting"
    return None if isinstance(found, str) else found


def _tried(make: Callable[[], Any]) -> Any:
    """What is made, or the one line that refuses it; anything else that is raised is a fault."""
    try:
        return make()
    except UserError as error:
        said = str(error)
    assert "\n" not in said, "one line"
    return said


@pytest.fixture(autouse=True)
def bounded() -> Iterator[None]:
    """What is asked for beyond 4 GB more fails at once, and takes no other test's memory."""
    resource = pytest.importorskip("resource")
    before = resource.getrlimit(resource.RLIMIT_AS)
    used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (used + 4 * 2**30, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_AS, before)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("sweep") / "x.npy"
    np.save(place, np.random.default_rng(0).normal(size=(40, 1, 8, 8)).astype(np.float32))
    return str(place)


USED = ({}, {"prior": "mixture"}, {"prior": "vamp"}, {"objective": "iwae"}, {"network": "conv"},
        {"loss": "hinge", "instance_noise": 0.1})  # fmt: skip
"""Settings besides, in which others are not idle."""
SWEPT = [
    (kind, name, used)
    for kind in KINDS
    for name in numbers(KINDS[kind].settings)
    for used in USED
    if used.keys() <= KINDS[kind].settings.model_fields.keys() - {name}
]


@pytest.mark.parametrize(("kind", "name", "used"), SWEPT, ids=str)
def test_a_kinds_settings_make_a_model_or_a_sentence(kind: str, name: str, used: dict[str, Any], path: str) -> None:
    for value in HUGE if used else VALUES:
        settings = _given(KINDS[kind].settings, name, value)
        if settings is None:
            continue
        found = _tried(partial(_built, KINDS[kind].settings, settings.model_dump(exclude_unset=True) | used, path))
        assert isinstance(found, Model | str), f"{name}={value!r}"


def _built(kind: Any, settings: dict[str, Any], path: str) -> Model:
    config = RunConfig(model=kind(**settings), data=DataConfig(data=path), training=TrainingConfig(**SMALL))
    return fresh_model(*resolve(config))


@pytest.mark.parametrize("name", list(numbers(TrainingConfig)))
def test_the_settings_of_training_are_settled_or_refused(name: str, path: str) -> None:
    data = Dataset.of(np.load(path))
    model = fresh_model(*resolve(RunConfig(model=KINDS["gan"].settings(), data=DataConfig(data=path))))
    for value in VALUES:
        settings = _given(TrainingConfig, name, value)
        if settings is not None:
            assert settle(settings, model, data).steps >= 1, f"{name}={value!r}"


@pytest.mark.parametrize("settings", [DataConfig, ReadingConfig])
def test_the_settings_of_data_are_taken_or_refused(settings: Any, path: str) -> None:
    for name in numbers(settings):
        for value in VALUES:
            _given(settings, name, value)


def test_there_are_numbers_to_sweep() -> None:
    assert len(SWEPT) > 40
