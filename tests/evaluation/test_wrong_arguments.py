"""Functions of evaluation refuse wrong numbers and names in a sentence that names the argument."""

import math

import pytest
import torch

from helpers import quiet_fit, small_data, small_vae
from reparam import evaluation
from reparam.cli.main import main
from reparam.errors import UserError
from reparam.evaluation.codes.latent_usage import latent_usage
from reparam.evaluation.dual import dual_by_critic
from reparam.evaluation.likelihood.annealed import Annealing, bidirectional_gap
from reparam.evaluation.likelihood.importance import importance_estimate
from reparam.evaluation.samples.kernel_distance import kernel_distance
from reparam.evaluation.samples.neighbours import nearest, neighbour_squares

POINTS = torch.zeros(50, 2)
NO_WHOLE = (0, -1, 1.5, "many", None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        out = tmp_path_factory.mktemp("wrong") / "run"
        argv = ["train", "vae", "--data", "ring", "--hidden", "8", "--latent-dim", "2", "--steps", "2", "--quiet"]
        assert main([*argv, "--out", str(out)]) == 0
        return out


@pytest.fixture(scope="module")
def run():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return quiet_fit(small_vae(latent=2), small_data(), epochs=1)


def cases(function, argument, values, **others):
    return [
        pytest.param(function, {argument: value, **others}, argument, id=f"{function.__name__}-{argument}={value}")
        for value in values
    ]


OF_RUNS = [
    *cases(evaluation.sample, "n", NO_WHOLE),
    *cases(evaluation.reconstruct, "n", NO_WHOLE),
    *cases(evaluation.latents, "n", NO_WHOLE),
    *cases(evaluation.manifold, "size", NO_WHOLE),
    *cases(evaluation.interpolate, "steps", NO_WHOLE),
    *cases(evaluation.interpolate, "path", ("straight", None)),
    *cases(evaluation.log_likelihood, "images", NO_WHOLE[:-1]),
    *cases(evaluation.log_likelihood, "split", ("tests", None)),
    *cases(evaluation.log_likelihood, "proposal", ("anealed", None)),
    *cases(evaluation.log_likelihood, "samples", (0, -1)),
    *cases(latent_usage, "n", NO_WHOLE),
    *cases(evaluation.measures, "reference", ("tests", None)),
    *cases(evaluation.measures, "draws", ("some", None)),
]


@pytest.mark.parametrize(("function", "arguments", "name"), OF_RUNS)
def test_of_runs(run, function, arguments, name):
    with pytest.raises(UserError, match=name):
        function(run, **arguments)


def annealing(**arguments):
    return Annealing(**arguments)


def gap(n):
    model = small_vae()
    return bidirectional_gap(model.prior, model.decode, n)


def importance(**arguments):
    return importance_estimate(small_vae(), torch.zeros(2, 1, 6, 6), **arguments)


def distance(**arguments):
    return kernel_distance(POINTS, POINTS, **arguments)


def dual(**arguments):
    return dual_by_critic(POINTS, POINTS, **arguments)


def neighbours(**arguments):
    return nearest(POINTS, POINTS, **arguments)


def squares(**arguments):
    return neighbour_squares(POINTS, **arguments)


ALONE = [
    *(case for name in ("steps", "leapfrog", "chains", "pilots") for case in cases(annealing, name, NO_WHOLE)),
    *cases(annealing, "step_size", (0.0, -1.0, math.nan, None)),
    *cases(gap, "n", NO_WHOLE),
    *cases(importance, "samples", NO_WHOLE),
    *cases(importance, "proposal", ("annealed", None)),
    *cases(distance, "subset_size", (1, *NO_WHOLE[:-1])),
    *cases(dual, "steps", NO_WHOLE),
    *cases(dual, "learning_rate", (0.0, -1.0, math.nan)),
    *cases(dual, "constraint", ("clip",)),
    *cases(dual, "strength", (-1.0, 0.0)),
    *cases(dual, "hidden", ([0],)),
    *cases(neighbours, "k", NO_WHOLE),
    *cases(squares, "k", NO_WHOLE),
]


@pytest.mark.parametrize(("function", "arguments", "name"), ALONE)
def test_alone(function, arguments, name):
    with pytest.raises(UserError, match=name):
        function(**arguments)


@pytest.mark.parametrize(
    "argv",
    [
        ("sample", "-n", "0"),
        ("latents", "-n", "0"),
        ("reconstruct", "-n", "0"),
        ("manifold", "--size", "-1"),
        ("interpolate", "--steps", "0"),
        ("evaluate", "--likelihood", "--proposal", "annealed", "--steps", "0"),
        ("evaluate", "--likelihood", "--samples", "0"),
    ],
)
def test_the_command_says_so_in_one_line(folder, argv, capsys, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    command, *flags = argv
    assert main([command, str(folder), *flags]) == 2
    told = capsys.readouterr().err.strip().splitlines()[-1]
    assert "at least 1" in told
    assert not list(tmp_path.iterdir())
