"""What is said of a model does not depend on how it was trained, nor on what is set around the call (contract C7).

No tolerance is needed: within `hardware.exact` the same operations are done in the same order, whatever was set
outside, so that the bits are the same. Where they were not, differences would be those of bf16: parts in 2^8.
"""

import dataclasses
import inspect
from contextlib import contextmanager

import numpy as np
import pytest
import torch

import reparam
from reparam import evaluation
from reparam.cli.main import main
from reparam.evaluation.codes.latent_usage import latent_usage
from reparam.evaluation.dual import dual_by_critic
from reparam.evaluation.likelihood.annealed import Annealing
from reparam.evaluation.likelihood.estimate import explanation, has_density
from reparam.evaluation.two_sample import classifier_test, kernel_test
from reparam.hardware import PRODUCTS, _whole_products, exact, flushed_denormals
from reparam.models.model import Batch
from reparam.models.protocols import Encodes, Watches, can
from reparam.runs.snapshots import save_snapshot
from reparam.training.validation import average

VAE = ["vae", "--hidden", "16", "--latent-dim", "2"]
KINDS = {
    "autoencoder": ["autoencoder", "--hidden", "16", "--latent-dim", "2"],
    "vae": VAE,
    "vae-conv": ["vae", "--network", "conv", "--width", "4", "--latent-dim", "2"],
    "vae-residual": ["vae", "--network", "residual", "--width", "4", "--latent-dim", "2"],
    "vae-normal": [*VAE, "--likelihood", "normal"],
    "vae-full-flow": [*VAE, "--posterior", "full", "--prior", "flow", "--flow-hidden", "8"],
    "vae-iaf-mixture": [*VAE, "--posterior", "iaf", "--flow-hidden", "8", "--prior", "mixture", "--components", "3"],
    "vae-spline": [*VAE, "--posterior", "spline", "--flow-hidden", "8"],
    "vae-hierarchical": [*VAE, "--posterior", "hierarchical", "--prior", "hierarchical", "--layer-hidden", "8"],
    "vae-vamp": [*VAE, "--prior", "vamp", "--components", "3"],
    "iwae": [*VAE, "--objective", "iwae", "--importance-samples", "3"],
    "avb": ["avb", "--hidden", "16", "--latent-dim", "2", "--posterior-hidden", "8", "--discriminator-hidden", "8"],
    "gan": ["gan", "--generator-hidden", "16", "--discriminator-hidden", "16", "--latent-dim", "2"],
    "gan-conv": ["gan", "--network", "conv", "--width", "4", "--latent-dim", "2", "--loss", "hinge", "--spectral-norm"],
    "wgan": ["wgan", "--generator-hidden", "16", "--discriminator-hidden", "16", "--latent-dim", "2"],
}


@contextmanager
def careless():
    """All at once that makes products coarser than float32."""
    before = torch.get_float32_matmul_precision()
    with _whole_products():  # afterwards each library has its own back, which the one of all does not tell
        torch.set_float32_matmul_precision("medium")
        try:
            with torch.autocast("cpu", torch.bfloat16), flushed_denormals():
                yield
        finally:
            torch.set_float32_matmul_precision(before)


@pytest.fixture(scope="module", params=KINDS)
def run(request, images, tmp_path_factory):
    """A run of each kind whose training multiplied in bf16, careless of everything, read back from its folder."""
    folder = tmp_path_factory.mktemp("run") / request.param
    how = ["--steps", "6", "--batch-size", "60", "--precision", "bf16", "--device", "cpu", "--quiet"]
    with careless():
        command = ["train", *KINDS[request.param], "--data", str(images), *how, "--out", str(folder)]
        assert main(command) == 0
    return reparam.load(folder)


def test_the_test_row_is_what_the_loaded_run_computes_again(run):
    again = average(run.model, run.data.test, run.data, seed=0)
    assert (again or {"finished": 1.0}) == run.test
    with careless():
        assert average(run.model, run.data.test, run.data, seed=0) == again


def encodes(run):
    return can(run.model, Encodes)


def x_of(run):
    return run.data.test.x[:7]


def explains(run):
    return explanation(run.model) is not None


def annealed(run):
    scale = None if explains(run) else 0.3
    settings = Annealing(steps=2, leapfrog=2, pilots=2)
    return evaluation.log_likelihood(run, 2, "annealed", images=3, scale=scale, annealing=settings)


def gives_log_p(run):
    return explains(run) and has_density(run.model)


JUDGEMENTS = {
    # name: (what is asked, of which runs)
    "sample": (lambda run: evaluation.sample(run, 5), lambda run: True),
    "drawing": (lambda run: evaluation.drawing(run, 5).samples(), lambda run: True),
    "reconstruct": (lambda run: evaluation.reconstruct(run, 5), encodes),
    "interpolate": (lambda run: evaluation.interpolate(run, 3), lambda run: True),
    "manifold": (lambda run: evaluation.manifold(run, 4), encodes),
    "latents": (lambda run: evaluation.latents(run, 50), encodes),
    "latent_usage": (lambda run: latent_usage(run, 50), encodes),
    "encode": (lambda run: evaluation.encode(run, x_of(run)), encodes),
    "log_prob": (lambda run: evaluation.log_prob(run, x_of(run), samples=10), gives_log_p),
    "score": (lambda run: evaluation.score(run, x_of(run), samples=10), lambda run: True),
    "log_likelihood": (lambda run: evaluation.log_likelihood(run, 10, images=5), gives_log_p),
    "log_likelihood annealed": (annealed, lambda run: explains(run) or not encodes(run)),
    "rate_distortion": (lambda run: evaluation.rate_distortion(run, 2, steps=2, chains=2, points=3), explains),
    "predictive_check": (lambda run: evaluation.predictive_check(run, 20, replicates=19), lambda run: True),
    "pit": (lambda run: evaluation.pit(run, 20, codes=5), gives_log_p),
    "measures": (lambda run: evaluation.measures(run, 60), lambda run: True),
    "yardstick_of": (lambda run: evaluation.yardstick_of(run, 60).floor(), lambda run: True),
}


def numbers(result):
    """All numbers of a result, by place."""
    if dataclasses.is_dataclass(result):
        fields = {field.name: getattr(result, field.name) for field in dataclasses.fields(result)}
        fields.pop("seconds", None)  # a clock's, not the model's
        return {f"{name}/{place}": value for name, part in fields.items() for place, value in numbers(part).items()}
    if isinstance(result, dict):
        return {f"{name}/{place}": value for name, part in result.items() for place, value in numbers(part).items()}
    if isinstance(result, tuple | list):
        return numbers(dict(enumerate(result)))
    if isinstance(result, torch.Tensor | np.ndarray | float | int):
        return {"": np.asarray(result)}
    return {}


def assert_same(found, careless_found):
    found, careless_found = numbers(found), numbers(careless_found)
    assert found
    assert found.keys() == careless_found.keys()
    for name, value in found.items():
        np.testing.assert_array_equal(value, careless_found[name], err_msg=name)


def test_what_is_said_of_a_run_is_the_same_whatever_is_set_around(run):
    asked = {name: ask for name, (ask, applies) in JUDGEMENTS.items() if applies(run)}
    assert {"sample", "interpolate", "measures"} <= asked.keys()
    for ask in asked.values():
        found = ask(run)
        with careless():
            assert_same(found, ask(run))


def test_so_are_the_kept_samples_and_the_readings(run, tmp_path):
    batch = Batch(torch.rand(20, *run.model.data_shape), torch.zeros(20, dtype=torch.int64))

    def kept():
        with np.load(save_snapshot(run.model, tmp_path, 1, seed=0)) as arrays:
            return dict(arrays)

    @exact()  # as the loop reads them
    def read():
        torch.manual_seed(0)
        return {name: reading.detach() for name, reading in run.model.watch(batch).items()}

    for ask in (kept, read) if can(run.model, Watches) else (kept,):
        found = ask()
        with careless():
            assert_same(found, ask())


def test_every_public_evaluation_is_asked():
    public = {name for name in evaluation.__all__ if inspect.isfunction(getattr(evaluation, name))}
    called_by_measures, drawn_from_the_log = {"measure_run"}, {"curves", "snapshots"}
    of_tables = {"impute", "conditions", "table_measures"}  # asked in tests/evaluation/tables and columns
    assert public - called_by_measures - drawn_from_the_log - of_tables <= JUDGEMENTS.keys()


def test_so_are_two_sample_tests_and_critics():
    x, y = torch.randn(60, 3), torch.randn(60, 3) + 0.5
    for ask in (
        lambda: classifier_test(x, y, permutations=20),
        lambda: kernel_test(x, y, permutations=20),
        lambda: dual_by_critic(x[:20], y[:20], steps=5),
    ):
        found = ask()
        with careless():
            assert_same(found, ask())


def precisions():
    return [getattr(getattr(torch.backends, library), what).fp32_precision for library, what in PRODUCTS]


@pytest.mark.skipif(not hasattr(torch.backends.cuda.matmul, "fp32_precision"), reason="came with torch 2.9")
def test_exact_leaves_every_setting_as_it_was():
    before = precisions()
    with careless():
        within = precisions()
        with exact():
            assert precisions() == ["ieee"] * len(PRODUCTS)
            assert torch.ones(2, 2).mm(torch.ones(2, 2)).dtype == torch.float32
            assert torch.tensor(1e-40).mul(1.0).item() > 0
        assert precisions() == within != before
        assert torch.ones(2, 2).mm(torch.ones(2, 2)).dtype == torch.bfloat16
        assert torch.tensor(1e-40).mul(1.0).item() == 0
    assert precisions() == before


@pytest.mark.skipif(not hasattr(torch.backends.mkldnn, "matmul"), reason="came with torch 2.9")
def test_exact_keeps_what_the_new_interface_of_torch_was_told():
    """Torch refuses to tell the one precision of all where each was given its own."""
    matmul = torch.backends.mkldnn.matmul
    before = matmul.fp32_precision
    matmul.fp32_precision = "bf16"
    try:
        with exact():
            assert matmul.fp32_precision == "ieee"
        assert matmul.fp32_precision == "bf16"
    finally:
        matmul.fp32_precision = before
