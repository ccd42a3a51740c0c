"""Runs of every kind and schema that was ever written load, sample as they did, and go on as they would have."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch

import reparam
from helpers import said
from reparam.hardware import multiplies_bf16_fast, vendor
from reparam.models import ELBO, VAE, DiagonalNormal, NormalLikelihood, StandardNormal
from reparam.networks import MLP

GOLDEN = Path(__file__).parent.parent / "golden"
SCHEMAS = sorted(path for path in GOLDEN.iterdir() if path.is_dir())
FINISHED = [
    pytest.param(schema, path.name, id=f"{schema.name}-{path.name}")
    for schema in SCHEMAS
    for path in sorted(schema.iterdir())
    if path.is_dir() and not path.name.endswith("interrupted")
]
INTERRUPTED = [
    pytest.param(schema, path.name, id=f"{schema.name}-{path.name}")
    for schema in SCHEMAS
    for path in sorted(schema.glob("*interrupted"))
]


def composed():
    """The model that Python code composed, as scripts/make_golden.py did."""
    parts = {"posterior": DiagonalNormal(2), "likelihood": NormalLikelihood((3,)), "objective": ELBO(kl_weight=0.5)}
    return VAE(MLP(3, [5], 4), MLP(2, [5], 3), StandardNormal(2), **parts)


def loaded(schema, name, folder=None):
    """A run; what Python code composed had to be composed again before runs were whole."""
    folder = schema / name if folder is None else folder
    again = composed() if name == "composed" and schema.name == "schema-0" else None
    return reparam.load(folder, again)


def expected(schema, name):
    with np.load(schema / "expected.npz", allow_pickle=False) as arrays:
        return {key: arrays[f"{name}/{key}"] for key in ("x", "mean", "test")}


def same_processor(schema):
    """Whether this is the kind of processor, and the torch, that made a schema's runs: AMD's where it is not said."""
    made = json.loads((schema / "made.json").read_text())
    here = {"capability": torch.backends.cpu.get_cpu_capability(), "torch": torch.__version__, "vendor": vendor()}
    return here == {"vendor": "AuthenticAMD"} | {name: made[name] for name in made if name in here}


def check(schema, found, known):
    """Bit for bit on the kind of processor that made them; elsewhere sums round in another order."""
    if same_processor(schema):
        np.testing.assert_array_equal(found, known)
    else:  # a hundred float32 operations, each right to 2^-24, on values of the size of the largest
        np.testing.assert_allclose(found, known, rtol=1e-4, atol=1e-5 * max(1.0, np.abs(known).max()))


@pytest.fixture
def one_thread():
    """The golden runs were made with one."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(("schema", "name"), FINISHED)
def test_it_loads_without_its_data_and_samples_as_it_did(tmp_path, monkeypatch, one_thread, schema, name):
    shutil.copytree(schema / name, tmp_path / name)
    monkeypatch.chdir(tmp_path / name)
    run = loaded(schema, name, tmp_path / name)
    known, drawn = expected(schema, name), reparam.sample(run, 5, seed=1)
    discrete = {"x"} if np.isin(known["x"], (0, 1)).all() else set()
    for key in {"x", "mean"} - discrete:
        check(schema, getattr(drawn, key), known[key])
    assert drawn.x.shape == known["x"].shape
    check(schema, list(run.test.values()), known["test"])


@pytest.mark.parametrize(("schema", "name"), INTERRUPTED)
def test_it_goes_on_as_if_never_interrupted(capsys, tmp_path, monkeypatch, one_thread, schema, name):
    for path in schema.iterdir():
        if path.is_file():
            shutil.copy(path, tmp_path)
    shutil.copytree(schema / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    code, _, err = said(capsys, "train", "--resume", name, "--quiet")
    assert code == 0, err
    run = reparam.load(tmp_path / name)
    known, drawn = expected(schema, name), reparam.sample(run, 5, seed=1)
    if not (same_processor(schema) and multiplies_bf16_fast(torch.device("cpu"))):
        # they were trained in bf16, which `auto` stood for, and each step adds to what the one before has rounded
        assert np.isfinite(drawn.mean).all()
        assert len(run.test) == len(known["test"])
        return
    check(schema, drawn.mean, known["mean"])
    check(schema, list(run.test.values()), known["test"])
