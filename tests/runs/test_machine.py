"""``reparam doctor`` without a run: what it says of the machine is what the system and torch say."""

import dataclasses
import json
import re
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
import torch

import reparam
from helpers import said
from reparam.runs import machine as place
from reparam.runs.machine import Machine, installed, machine, reasons
from reparam.runs.timing import fastest

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def found():
    return machine()


def test_versions_and_choices_are_those_that_a_training_has(found):
    assert found.reparam == reparam.__version__
    assert found.torch == torch.__version__
    assert found.threads == torch.get_num_threads()
    assert (found.precision == "bf16") == place.multiplies_bf16_fast(torch.device(found.device))
    assert found.products == place.usual_products(torch.device(found.device))
    for name, version in found.core.items():
        assert metadata.version(name) == version


def test_every_extra_of_the_users_is_told_of(monkeypatch):
    wanted = [
        f"{line}; extra == '{name}'" for name, lines in PROJECT["optional-dependencies"].items() for line in lines
    ]
    monkeypatch.setattr(metadata, "requires", lambda _: PROJECT["dependencies"] + wanted + ["no-such>=1; extra == 'x'"])
    core, extras = installed()
    named = {re.split(r"[>=<]", line)[0] for line in PROJECT["dependencies"]}
    assert set(core) == named
    assert {extra.name for extra in extras} == set(PROJECT["optional-dependencies"]) - set(place.OURS) | {"x"}
    assert extras[-1].missing == ("no-such",)
    assert next(extra for extra in extras if extra.name == "tables").here["pandas"] == metadata.version("pandas")


def test_a_rate_is_that_of_the_fastest_and_goes_on_for_its_time():
    seconds = iter([0.0, 0.0, 0.5, 0.5, 0.6, 0.6, 1.6])
    assert fastest(lambda: None, 1.5, lambda: next(seconds)) == pytest.approx(0.1)
    assert next(seconds, None) is None


def plain(**changes) -> Machine:
    """A machine on which nothing is slow but what changes make so."""
    usual = Machine(
        reparam="1", python="3", torch="2+cpu", system="", core={}, extras=(), device="cuda", instructions="AVX512",
        vendor="", cores=4, threads=4, precision="bf16", products="torch", memory=2**35, gigaflops={}, waiting=0.2,
        slow=(),
    )  # fmt: skip
    return dataclasses.replace(usual, **changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"waiting": 3.0}, "other processes want the cores (3.0 ready"),
        ({"threads": 8}, "8 threads on 4 cores: set OMP_NUM_THREADS=4"),
        ({"threads": 1}, "1 of 4 cores: OMP_NUM_THREADS=4 would use all"),
        ({"memory": 2**30}, "1.0 GiB of memory are free"),
        ({"device": "cpu", "precision": "float32"}, "no fast bf16"),
        ({"device": "cpu", "instructions": "DEFAULT"}, "plain instructions"),
    ],
    ids=str,
)
def test_what_is_slow_is_said_with_what_would_help(changes, words):
    assert list(reasons(plain())) == []
    assert any(words in reason for reason in reasons(plain(**changes)))


def test_the_command_says_it_to_people_and_programs(capsys):
    code, out, _ = said(capsys, "doctor")
    assert code == 0
    assert f"reparam       {reparam.__version__}, Python" in out
    code, out, _ = said(capsys, "doctor", "--json")
    told = json.loads(out)
    assert (code, told["reparam"]) == (0, reparam.__version__)
    assert told["gigaflops"]["float32"] > 0
    code, _, err = said(capsys, "doctor", "--mend")
    assert code == 2
    assert "name its folder" in err


@pytest.mark.parametrize("threads", [1, 2, 4, 8])
@pytest.mark.parametrize("waiting", [None, 0.2, 3.0])
def test_one_advice_is_given_on_threads(threads, waiting):
    told = [reason for reason in reasons(plain(threads=threads, waiting=waiting)) if "cores" in reason]
    assert len(told) == (threads != 4 or waiting == 3.0)
    assert not told or waiting != 3.0 or "OMP_NUM_THREADS=4" not in told[0]
