"""What is exported runs without reparam, and gives what the model gives: every kind, every part it has, both forms."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import reparam
from reparam.cli.main import main
from reparam.errors import UserError
from reparam.exporting import PARTS
from reparam.exporting.columns import columns_in

onnxruntime = pytest.importorskip("onnxruntime", reason="the extra reparam[onnx] is not installed")
pytest.importorskip("onnxscript", reason="the extra reparam[onnx] is not installed")

TINY = {"progress": reparam.training.Silent(), "steps": 1, "batch_size": 16, "latent_dim": 2}
NETS = {"hidden": (8,), **TINY}
PLAYERS = {"generator_hidden": (8,), "discriminator_hidden": (8,), **TINY}
NEVER = np.random.default_rng(0)
IMAGES = reparam.data.Dataset.of(torch.rand(40, 1, 8, 8), labels=[0, 1] * 20)
TABLE = pd.DataFrame({"a": NEVER.normal(size=60), "b": NEVER.choice(["x", "y"], 60)})
MADE = {
    "vae": lambda: reparam.fit("vae", IMAGES, **NETS),
    "vae, normal, conv": lambda: reparam.fit("vae", IMAGES, network="conv", width=2, likelihood="normal", **TINY),
    "vae, full, residual": lambda: reparam.fit("vae", IMAGES, network="residual", width=2, posterior="full", **TINY),
    "vae, iaf": lambda: reparam.fit("vae", "ring", posterior="iaf", flow_hidden=(8,), prior="mixture", **NETS),
    "vae, table": lambda: reparam.fit("vae", TABLE, **NETS),
    "vae, categorical": lambda: reparam.fit("vae", IMAGES, likelihood="categorical", levels=3, **NETS),
    "autoencoder": lambda: reparam.fit("autoencoder", IMAGES, **NETS),
    "avb": lambda: reparam.fit("avb", IMAGES, **NETS),
    "gan": lambda: reparam.fit("gan", "ring", **PLAYERS),
    "gan, conv": lambda: reparam.fit("gan", IMAGES, network="conv", width=2, spectral_norm=True, **TINY),
    "gan, classes": lambda: reparam.fit("gan", IMAGES, conditional=True, **PLAYERS),
    "gan, table": lambda: reparam.fit("gan", TABLE, **PLAYERS),
    "wgan": lambda: reparam.fit("wgan", "ring", **PLAYERS),
}


@pytest.fixture(scope="module")
def runs():
    return {}


def made(runs, name):
    return runs.setdefault(name, runs.get(name) or MADE[name]())


def parts_of(name):
    return ("generator", "discriminator") if "gan" in name else ("decoder", "encoder")


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize("name", MADE)
def test_onnx_gives_what_the_model_gives(name, part, runs, tmp_path):
    run, out = made(runs, name), tmp_path / "part.onnx"
    if part not in parts_of(name):
        with pytest.raises(UserError, match=r"has no|part='generator'"):
            reparam.export(run, out, part=part)
        return
    written = reparam.export(run, out, part=part)
    assert written.difference < 1e-4
    session = onnxruntime.InferenceSession(out)
    said = json.loads(session.get_modelmeta().custom_metadata_map["reparam"])
    for ports, nodes in ((written.inputs, session.get_inputs()), (written.outputs, session.get_outputs())):
        assert [port.name for port in ports] == [node.name for node in nodes]
        assert all(tuple(node.shape[1:]) == port.shape for port, node in zip(ports, nodes, strict=True))
        assert all(isinstance(node.shape[0], str) for node in nodes)  # a size of batch that is left open
    assert said["part"] == part
    # against the run's own answers, which are computed without any of this
    if part == "encoder":
        x = torch.rand(3, *run.record.data_shape)
        codes = session.run(["code"], {"x": x.numpy()})[0]
        with torch.no_grad():
            np.testing.assert_allclose(codes, run.model.encode(x).center, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["vae", "vae, iaf", "avb", "gan, classes"])
def test_torch_export_gives_what_the_model_gives(name, runs, tmp_path):
    for part in parts_of(name):
        written = reparam.export(made(runs, name), tmp_path / f"{part}.pt2", to="torch-export", part=part)
        assert written.difference < 1e-6
        # may be written over, since it says who made it
        reparam.export(made(runs, name), tmp_path / f"{part}.pt2", to="torch-export", part=part)
        extra = {"reparam.json": ""}
        module = torch.export.load(tmp_path / f"{part}.pt2", extra_files=extra).module()
        assert json.loads(extra["reparam.json"])["inputs"][0]["shape"] == list(written.inputs[0].shape)
        inputs = [port.random(7, 2) for port in written.inputs]
        assert module(*inputs)[0].shape[0] == 7


def test_what_is_left_of_the_model_is_left_out(runs, tmp_path):
    whole = sum(p.numel() for p in made(runs, "vae").model.parameters())
    decoder = reparam.export(made(runs, "vae"), tmp_path / "d.pt2", to="torch-export")
    kept = sum(p.numel() for p in torch.export.load(decoder.path).state_dict.values())
    assert kept == sum(p.numel() for p in made(runs, "vae").model.decoder.parameters()) < whole


def test_the_command_says_and_writes_what_python_does(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    reparam.fit("vae", "ring", "run", **NETS)
    assert main(["export", "run", "--out", "decoder.onnx", "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["difference"] < 1e-4
    assert said["inputs"][0]["meaning"].endswith("drawn from N(0, I)")
    assert main(["export", "run", "--out", "decoder.pt2"]) == 2
    assert "--out decoder.pt2 will not do for --to onnx: name it .onnx" in capsys.readouterr().err
    code = "import sys, runpy; sys.modules['reparam'] = None; runpy.run_path(sys.argv[1])"
    page = next(p for p in Path(__file__).parents[2].rglob("docs/**/sharing.md"))
    consumer = page.read_text().split("```py\n", 1)[1].split("```", 1)[0]
    (tmp_path / "consumer.py").write_text(consumer)
    done = subprocess.run([sys.executable, "-c", code, "consumer.py"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(16, 2)"


def test_what_gives_other_values_is_not_written(runs, tmp_path, monkeypatch):
    from reparam.exporting import forms

    form = forms.FORMS["onnx"]
    wrong = lambda content: lambda inputs: [x + 0.01 for x in form.runner(content)(inputs)]  # noqa: E731
    monkeypatch.setitem(forms.FORMS, "onnx", forms.Form(".onnx", form.write, wrong))
    with pytest.raises(UserError, match="from what torch gives, and is not written"):
        reparam.export(made(runs, "gan"), tmp_path / "a.onnx")
    assert not (tmp_path / "a.onnx").exists()


def test_what_is_said_of_a_tables_entries_makes_its_cells(runs, tmp_path):
    """The words on each column, taken for arithmetic, give what the schema gives."""
    frame = pd.DataFrame({
        "age": NEVER.integers(18, 80, 80), "size": NEVER.normal(170, 9, 80).round(1),
        "town": NEVER.choice(["x", "y"], 80),
        "day": pd.date_range("2020-01-01", periods=80), "ill": NEVER.random(80) < 0.5,
        "pay": np.where(NEVER.random(80) < 0.2, np.nan, NEVER.normal(size=80)),
    })  # fmt: skip
    schema = reparam.data.Dataset.of(frame).table
    rows = reparam.data.examples_of(frame, reparam.data.Dataset.of(frame)).numpy()
    cells = schema.decode(rows)
    for column in columns_in(schema):
        (first, last), cell, name = column["entries"], column["cell"], column["column"]
        if cell.startswith("the largest of "):
            words = cell.removeprefix("the largest of ").split(", ")
            found = [words[at] for at in rows[:, first : last + 1].argmax(1)]
            assert found == list(map(str, cells[name]))
            continue
        offset, scale = map(float, re.search(r"(-?[\d.e+]+) \+ ([\d.e+-]+) u", cell).groups())
        found = offset + scale * rows[:, first].astype(np.float64)
        there = rows[:, column["missing"]] < 0.5 if "missing" in column else np.ones(len(rows), bool)
        expected = cells[name].astype("datetime64[D]").astype(int) if name == "day" else cells[name].astype(float)
        np.testing.assert_allclose(found[there], expected[there], rtol=1e-5, atol=1e-4)
        assert not np.isnan(expected[there].astype(float)).any()
    said = str(reparam.export(made(runs, "vae, table"), tmp_path / "x.pt2", to="torch-export"))
    assert "u[0] 'a': " in said
