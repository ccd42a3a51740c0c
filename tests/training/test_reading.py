"""How the data were read is said when training starts, once, and kept with the run."""

import json

import numpy as np

import reparam
from reparam.data import Dataset
from reparam.models import VAE, NormalLikelihood, StandardNormal
from reparam.networks import MLP
from reparam.training import Silent


def told(folder):
    return [json.loads(line)["note"] for line in (folder / "notes.jsonl").read_text().splitlines()]


def test_what_was_decided_is_said_once(tmp_path):
    rng = np.random.default_rng(0)
    rows = [{"id": at, "a": float(a), "b": float(b)} for at, (a, b) in enumerate(rng.normal(size=(60, 2)))]
    data = Dataset.of(rows, name="people")
    model = VAE(MLP(2, [4], 2), MLP(1, [4], 2), StandardNormal(1), likelihood=NormalLikelihood((2,)))
    settings = {"steps": 4, "batch_size": 48, "progress": Silent()}
    reparam.fit(model, data, tmp_path / "run", **settings)
    notes = told(tmp_path / "run")
    assert notes[:2] == [
        "people: table of 3 columns: 2 numbers; left out: 'id' (identifier)",
        'column \'id\' is left out, since it only names rows (columns={"id": "integer"} reads it otherwise)',
    ]
    assert notes[2] == "split 80/10/10 into train, validation and test from seed 0"
    reparam.fit(model, data, tmp_path / "run", resume=True, **settings)
    assert told(tmp_path / "run") == notes
