"""Targets: what lies in run folders, comparisons and sweeps, published weights, and files of settings."""

import io
import json
import os
import zipfile
from collections.abc import Callable
from contextlib import redirect_stdout
from functools import cache, partial
from pathlib import Path
from shutil import copytree
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import numpy as np

import reparam
from attack.fuzz.target import Form, Reads, Seeds, Target
from reparam.cli.info import run as info
from reparam.cli.preset import with_file, with_kind
from reparam.door import parse
from reparam.runs.folder import RunFolder
from reparam.runs.snapshots import read_snapshot
from reparam.settings_files import read as settings_of
from reparam.watching.look import Looker

GOLDEN = Path(__file__).parents[2] / "tests" / "golden"
POINTS, TABLE, FLOW = "schema-0/vae-points", "schema-1/vae-table", "schema-1/vae-flow"
# runs of the first schemas: no checksum keeps what is changed in them from the code behind it
COMMIT = "c" * 40
LAB = "normal-kl"


def _sampled(folder: object, **how: Any) -> None:
    reparam.load(folder, **how).sample(2)  # type: ignore[arg-type]


def _informed(folder: Path) -> None:
    with redirect_stdout(io.StringIO()):
        info("info", [str(folder), "--json"])


def _used(folder: Path) -> None:
    run = reparam.load(folder)
    run.sample(2)
    str(reparam.curves(run))


def _mended(folder: Path) -> None:
    str(reparam.doctor(folder, mend=True))


READS = (_used, _informed, lambda folder: Looker(folder, "it").look().json(), _mended)
"""What reads a run without its data; the last one changes it."""
WEIGHED = (_sampled, partial(_sampled, checkpoint="last"), _mended)
"""What reads its weights."""


def _in_run(run: str, name: str, reading: tuple[Callable[[Path], object], ...] = READS) -> Form:
    """A run, one of whose files is what is given."""

    def reads(folder: Path, content: bytes) -> Reads:
        place = folder / "run"
        copytree(GOLDEN / run, place)
        (place / name).write_bytes(content)
        yield from (partial(read, place) for read in reading)

    return reads


def _on_hub(name: str) -> Form:
    """A run that was fetched from a hub, one of whose files is what is given."""

    def reads(folder: Path, content: bytes) -> Reads:
        place = folder / "hub" / "somebody--points" / COMMIT
        copytree(GOLDEN / POINTS, place)
        (place / name).write_bytes(content)

        def read() -> None:
            with patch.dict(os.environ, {"REPARAM_CACHE": str(folder)}):
                _sampled(f"hf://somebody/points@{COMMIT}")

        yield read

    return reads


def _listing(folder: Path, content: bytes) -> Reads:
    """What a hub says that a repository holds."""
    from reparam.runs.hub import checked

    try:
        listed = [(str(name), size) for name, size in json.loads(content).items()]
    except (ValueError, AttributeError, RecursionError):
        return
    yield lambda: checked("somebody/points", listed)


def _plain(path: str) -> bytes:
    """JSON on as few bytes as it takes."""
    return json.dumps(json.loads((GOLDEN / path).read_bytes()), separators=(",", ":")).encode()


def _record(folder: Path, content: bytes) -> Reads:
    """What ``config.json`` says, whether or not it is as it was written."""
    try:
        plain = parse(content.decode())
    except ValueError:
        return

    def read() -> None:
        record = RunFolder(folder).read_record(plain)
        _ = record.data.schema, record.data.drawn

    if isinstance(plain, dict):
        yield read


RUN = Target(
    "run folders",
    {
        "config.json": _in_run(POINTS, "config.json"),
        "config.json of a table": _in_run(TABLE, "config.json"),
        "config.json, its record": _record,
        "metrics.jsonl": _in_run(POINTS, "metrics.jsonl"),
        "notes.jsonl": _in_run(POINTS, "notes.jsonl"),
        "cost.json": _in_run(POINTS, "cost.json"),
        "config.json of a hub": _on_hub("config.json"),
        "a hub's list": _listing,
    },
    lambda: {
        "config.json": [_plain(f"{POINTS}/config.json"), _plain("schema-1/gan-points/config.json")],
        "config.json of a table": [_plain(f"{TABLE}/config.json")],
        "config.json, its record": [_plain(f"{FLOW}/config.json"), _plain("schema-2/vae-people/config.json")],
        "metrics.jsonl": [(GOLDEN / POINTS / "metrics.jsonl").read_bytes()],
        "notes.jsonl": [b'{"step": 3, "note": "it was interrupted"}\n'],
        "cost.json": [(GOLDEN / POINTS / "cost.json").read_bytes()],
        "config.json of a hub": [_plain(f"{POINTS}/config.json")],
        "a hub's list": [b'{"config.json": 9, "checkpoints/best.safetensors": 9, "README.md": null}'],
    },
)


def _published(folder: Path, content: bytes) -> Reads:
    from reparam.evaluation.samples.weights import Published, digest

    path = folder / "w.safetensors"
    path.write_bytes(content)
    network = Published("a network", "REPARAM_NETWORK", "name some", "take others")
    yield lambda: digest(network.read(network.path(path)))


def _cached(folder: Path, content: bytes) -> Reads:
    from reparam.evaluation.samples.feature_cache import _read

    path = folder / "f.safetensors"
    path.write_bytes(content)
    yield lambda: _read(path, 3)


@cache
def _trained() -> Any:
    """A model, and a training of it that has hardly begun: what a checkpoint is put into."""
    import torch

    from reparam.settings import TrainingConfig
    from reparam.training.loop import Loop

    model = reparam.load(GOLDEN / POINTS).model
    loop = Loop(model.turns(), lambda number: torch.zeros(4, 2), TrainingConfig(steps=12), 12)  # type: ignore[arg-type,return-value]
    return model, loop


def _gone_on(folder: Path, content: bytes) -> Reads:
    from reparam.training.checkpoint import load_loop

    (folder / "last.safetensors").write_bytes(content)
    yield lambda: load_loop(folder / "last.safetensors", *_trained())


def _tensors() -> Seeds:
    import torch
    from safetensors.torch import save

    best, last = ((GOLDEN / POINTS / "checkpoints" / f"{name}.safetensors").read_bytes() for name in ("best", "last"))
    half = save({"a": torch.ones(3, dtype=torch.bfloat16), "b": torch.ones(2, 2)})
    return {
        "best.safetensors": [best],
        "last.safetensors": [last],
        "last.safetensors, gone on with": [last],
        "w.safetensors, published": [half],
        "f.safetensors, of a cache": [save({"features": torch.ones(3, 2)})],
    }


WEIGHTS = Target(
    "weights",
    {
        "best.safetensors": _in_run(POINTS, "checkpoints/best.safetensors", WEIGHED),
        "last.safetensors": _in_run(POINTS, "checkpoints/last.safetensors", WEIGHED),
        "last.safetensors, gone on with": _gone_on,
        "w.safetensors, published": _published,
        "f.safetensors, of a cache": _cached,
    },
    _tensors,
)


def _snapshot(packed: Callable[[bytes], bytes] = bytes) -> Form:
    def reads(folder: Path, content: bytes) -> Reads:
        path = folder / "samples-step-0000003.npz"
        path.write_bytes(packed(content))
        yield lambda: read_snapshot(path, (1, 2, 2))

    return reads


def _npz(**arrays: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name, content in arrays.items():
            archive.writestr(zipfile.ZipInfo(f"{name}.npy"), content)
    return stream.getvalue()


def _npy(array: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


_STEP, _MEAN = _npy(np.array(3)), _npy(np.zeros((25, 1, 2, 2), np.float32))
SNAPSHOTS = Target(
    "samples of a run",
    {
        "samples.npz": _snapshot(),
        "samples.npz, its array": _snapshot(lambda content: _npz(step=_STEP, mean=content)),
        "samples.npz, its step": _snapshot(lambda content: _npz(step=content, mean=_MEAN)),
        "samples.npz, its run": _snapshot(lambda content: _npz(step=_STEP, mean=_MEAN, run=content)),
    },
    lambda: {
        "samples.npz": [_npz(step=_STEP, mean=_MEAN)],
        "samples.npz, its array": [_MEAN],
        "samples.npz, its step": [_STEP],
        "samples.npz, its run": [_npy(np.array("a" * 8))],
    },
)


def _reported(path: Path) -> object:
    from reparam.studies.record import read_record

    record = read_record(path)
    return [record.seen(key) for key in record.points], record.models


def _protocol(path: Path) -> object:
    from reparam.studies.kept import kept_protocol

    return kept_protocol(path.parent)


def _lengths(path: Path) -> object:
    from reparam.studies.lengths import _known

    return _known(path)


def _machines(path: Path) -> object:
    from reparam.studies.machines import Machines

    return Machines(path.parent).of(path.parent)


def _lab(path: Path) -> object:
    from reparam.cli.labs import _kept, _section

    path.with_suffix(".png").write_bytes(b"")
    found = _kept(path, SimpleNamespace(seed=0, quick=False))  # type: ignore[arg-type]
    return found and _section(found, path.parent)


@cache
def _axes() -> Any:
    from reparam.kinds import KINDS
    from reparam.studies.sweeps.axes import axis

    return [axis(KINDS["vae"], "latent_dim", ["2", "4"])]


def _journal(path: Path) -> object:
    from reparam.studies.sweeps.proposals import Proposals

    return Proposals(path.parent, _axes(), "random", 0).all()


def _plan(path: Path) -> object:
    from reparam.runs.sealed import read_sealed
    from reparam.studies.sweeps.plan import Plan

    plan = Plan(**read_sealed(path))
    return plan.kind, plan.config(_axes(), {"latent_dim": "2"}, 0)


KEPT: dict[str, Callable[[Path], object]] = {
    "report.json": _reported,
    "protocol.json": _protocol,
    "lengths.json": _lengths,
    "machines.json": _machines,
    "trials.jsonl": _journal,
    "sweep.json": _plan,
    "lab.json": _lab,
}


def _kept(name: str) -> Form:
    def reads(folder: Path, content: bytes) -> Reads:
        from reparam.studies.lengths import FILE as LENGTHS
        from reparam.studies.protocol import FILE as PROTOCOL

        path = folder / {"protocol.json": PROTOCOL, "lengths.json": LENGTHS, "lab.json": f"{LAB}.json"}.get(name, name)
        path.write_bytes(content)
        yield lambda: KEPT[name](path)

    return reads


def _studies() -> Seeds:
    row = {"model": "vae", "seed": 0, "measure": "fid", "value": 1.5, "standard_error": 0.1, "ideal": 0.0}
    rows = [row | {"only_above": False}, row | {"seed": 1, "value": None, "only_above": True}]
    told = {"scores": rows, "data": {"name": "ring", "fingerprint": "f"}, "protocol": {"seconds": 3}}
    begun = {"op_code": 0, "worker_id": "w", "study_name": "sweep", "directions": [2]}
    space = json.dumps({"name": "CategoricalDistribution", "attributes": {"choices": ["2", "4"]}})
    trial = {"op_code": 4, "worker_id": "w", "study_id": 0, "datetime_start": "2024-01-01T00:00:00.000000"}
    sets = {"op_code": 5, "worker_id": "w", "trial_id": 0, "param_name": "latent_dim", "param_value_internal": 0}
    lines = [begun, trial, sets | {"distribution": space}, {"op_code": 6, "worker_id": "w", "trial_id": 0} | _ENDED]
    plan = {"model": {"kind": "vae"}, "data": {"data": "ring"}, "training": {"steps": 3}}
    plan |= {"vary": {"latent_dim": {"values": ["2", "4"]}}}
    check = {"what": "w", "prediction": "p", "measurement": "m", "holds": True}
    lab = {"lab": LAB, "seed": 0, "quick": False, "seconds": 1.5, "checks": [check], "verdict": True}
    return {
        "report.json": [json.dumps(told).encode()],
        "protocol.json": [b'{"data": {"data": "ring"}, "seconds": 3.0}'],
        "lengths.json": [b'{"vae": 120}'],
        "machines.json": [b'{"vae-seed0": ["a", "b"]}'],
        "trials.jsonl": ["".join(json.dumps(line) + "\n" for line in lines).encode()],
        "sweep.json": [json.dumps(plan).encode()],
        "lab.json": [json.dumps(lab).encode()],
    }


_ENDED = {"state": 1, "values": [1.5], "datetime_complete": "2024-01-01T00:00:01.000000"}
STUDIES = Target("comparisons and sweeps", {name: _kept(name) for name in KEPT}, _studies)


def _settings(name: str) -> Form:
    def reads(folder: Path, content: bytes) -> Reads:
        from reparam.cli.train import options_of
        from reparam.kinds import KINDS

        path = folder / name
        path.write_bytes(content)
        words = ["vae", f"--config={path}"]
        yield lambda: settings_of(path)
        yield lambda: with_kind(words)
        yield lambda: with_file(options_of(KINDS["vae"]), words[1:], "train vae")

    return reads


SETTINGS = Target(
    "files of settings",
    {name: _settings(name) for name in ("s.yaml", "s.toml", "s.json")},
    lambda: {
        "s.yaml": [
            b"kind: vae\nmodel:\n  latent-dim: 2\n  hidden: [8, 4]\ntraining: {learning_rate: 1e-3, steps: 5}\n"
        ],
        "s.toml": [
            b'kind = "vae"\n[model]\nlatent_dim = 2\nhidden = [8]\n[data]\ndata = "ring"\ncolumns = {a = "log"}\n'
        ],
        "s.json": [b'{"kind": "vae", "model": {"latent_dim": 2, "likelihood": "normal"}, "data": {"data": "ring"}}'],
    },
)


def _looked_at(folder: Path, content: bytes) -> Reads:
    """A picture that a run's figures hold, put on a page."""
    from reparam.pages.picture import Picture

    (folder / "a.png").write_bytes(content)
    shown = Picture(folder / "a.png", "it", "it")
    yield lambda: (shown.source, shown.size)


PAGES = Target("pictures of pages", {"a.png": _looked_at}, lambda: {"a.png": [b"\x89PNG\r\n\x1a\n" + bytes(24)]})
