"""Trackers are told of the rows of the log, each once, also of a run that was broken off: what they keep is read."""

import json
import time

import pytest

import reparam
from reparam.errors import UserError
from reparam.training import Silent
from reparam.training.start import resume
from reparam.training.trackers import trackers, values_of

TINY = {"hidden": (4,), "latent_dim": 1, "steps": 8, "batch_size": 10000, "validate_every": 1, "log_every": 1}


class Broken(reparam.training.Callback):
    """Breaks off as Ctrl-C does, after so many steps."""

    def __init__(self, step):
        self.at = step

    def step(self, session):
        if session.step == self.at:
            raise KeyboardInterrupt


def trained(folder, name, broken=True):
    """A run whose tracker is told, broken off after a save and gone on with."""
    callbacks = [Broken(6)] if broken else []
    try:
        reparam.fit("vae", "ring", folder, log=(name,), progress=Silent(), callbacks=callbacks, **TINY)
    except KeyboardInterrupt:
        time.sleep(1.1)  # W&B calls its folders by the second
        resume(folder, quiet=True)
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    for row in rows:
        row.pop("crc32", None)
    return {(key, row["step"]): value for row in rows for key, value in values_of(row)}


def records(path):
    """What a file of W&B's holds: blocks of 32 KiB, in them checksum, length and place of each piece of a record."""
    content, at, held = path.read_bytes(), 7, b""
    while at + 7 <= len(content):
        left = 32768 - at % 32768
        if left < 7:
            at += left
            continue
        length, piece = int.from_bytes(content[at + 4 : at + 6], "little"), content[at + 6]
        held += content[at + 7 : at + 7 + length]
        at += 7 + length
        if piece in (1, 4):  # whole, or the last of several
            yield held
            held = b""


def test_mlflow_has_the_rows_of_the_log_each_once(tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow", reason="the extra reparam[mlflow] is not installed")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.set_tracking_uri((tmp_path / "store").as_uri())
    expected = trained(tmp_path / "run", "mlflow")
    client = mlflow.MlflowClient()
    (place,) = (one for one in client.search_experiments() if one.name == "reparam")
    (found,) = client.search_runs([place.experiment_id])
    assert found.info.status == "FINISHED"
    assert found.data.params["model.latent_dim"] == "1"
    told = [
        (n, one.step, one.value) for n in found.data.metrics for one in client.get_metric_history(found.info.run_id, n)
    ]
    assert len(told) == len({(name, step) for name, step, _ in told})
    assert {(name, step): value for name, step, value in told} == pytest.approx(expected)


def told_to_wandb(folder):
    """The records of all the files in the order of their making."""
    from wandb.proto import wandb_internal_pb2

    for path in sorted(folder.rglob("run-*.wandb")):
        for data in records(path):
            record = wandb_internal_pb2.Record()
            record.ParseFromString(data)
            yield record


def endings(folder):
    return [one.exit.exit_code for one in told_to_wandb(folder) if one.WhichOneof("record_type") == "exit"]


def test_wandb_has_the_rows_of_the_log_in_one_run(tmp_path, monkeypatch):
    pytest.importorskip("wandb", reason="the extra reparam[wandb] is not installed")
    monkeypatch.setenv("WANDB_MODE", "offline")
    expected = trained(tmp_path / "run", "wandb")
    end = time.monotonic() + 60
    while endings(tmp_path / "run") != [1, 0] and time.monotonic() < end:  # another process of W&B's writes the last
        time.sleep(0.1)
    assert endings(tmp_path / "run") == [1, 0]
    found, numbers = {}, set()
    for record in told_to_wandb(tmp_path / "run"):
        numbers |= {record.run.run_id} - {""}
        items = {item.key or "/".join(item.nested_key): json.loads(item.value_json) for item in record.history.item}
        step = items.get("_step", record.history.step.num)
        found |= {(key, step): value for key, value in items.items() if not key.startswith("_")}
    assert len(numbers) == 1  # gone on with, and not begun anew
    assert found == pytest.approx(expected)


def test_tensorboard_is_one_of_them(tmp_path):
    pytest.importorskip("tensorboard")
    trained(tmp_path / "run", "tensorboard", broken=False)
    assert list((tmp_path / "run" / "tensorboard").glob("events*"))


def test_one_that_is_not_installed_is_told_before_anything_is_written(tmp_path, monkeypatch):
    monkeypatch.setattr("reparam.training.trackers.find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"log=wandb needs a package .*reparam\[wandb\]"):
        reparam.fit("vae", "ring", tmp_path / "run", log=("wandb",), progress=Silent(), **TINY)
    assert not (tmp_path / "run").exists()
    with pytest.raises(UserError, match=r"log\.0: 'w' will not do"):
        reparam.fit("vae", "ring", tmp_path / "run", log=("w",), progress=Silent(), **TINY)


def test_each_is_asked_once_and_a_board_needs_a_folder():
    with pytest.raises(UserError, match="writes into a run folder"):
        trackers(("tensorboard",), None)
