"""``doctor`` finds every damage there is, says what is lost, and mends what can be mended; it deletes nothing."""

import json
import os
import shutil
from pathlib import Path

import pytest

import reparam
from helpers import said, small
from reparam.errors import Notice, UserError
from reparam.runs.folder import RunFolder

GOLDEN = Path(__file__).parents[1] / "golden"


@pytest.fixture(scope="module")
def made(images, tmp_path_factory):
    from reparam.cli.main import main

    folder = tmp_path_factory.mktemp("runs")
    for name, seed in (("run", 0), ("other", 1)):
        options = [*small(images), "--seed", str(seed), "--keep-every", "1", "--quiet", "--out", str(folder / name)]
        assert main(["train", "vae", *options]) == 0
    return folder


@pytest.fixture
def run(made, tmp_path):
    return RunFolder(shutil.copytree(made / "run", tmp_path / "run"))


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_whole_run_is_said_to_be_whole_and_left_alone(capsys, run):
    before = contents(run.path)
    found = reparam.doctor(run.path, mend=True)
    assert found.healthy
    assert not found.wrong
    assert contents(run.path) == before
    names = [name for name in sorted(before) if name not in (".lock", "checkpoints/config-copy.json")]
    assert sorted(found.numbers["file"]) == names
    assert found.numbers["bytes"].tolist() == [len(before[name]) for name in found.numbers["file"]]
    assert found.numbers["whole"].all()
    code, out, _ = said(capsys, "doctor", run.path, "--json")
    assert (code, json.loads(out)["healthy"]) == (0, True)
    with pytest.raises(UserError, match="no picture"):
        found.figure()


def truncate(path):
    """Half of it, cut within a row where it has rows: between two nothing would be torn, only gone."""
    content = path.read_bytes()
    at = len(content) // 2
    while set(content[at - 1 : at + 1]) & set(b"}\n"):
        at -= 1
    path.write_bytes(content[:at])


def empty(path):
    path.write_bytes(b"")


def flip(path):
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def pipe(path):
    path.unlink()
    os.mkfifo(path)


def zero(path):
    path.unlink()
    path.symlink_to("/dev/zero")


def nothing(path):
    path.unlink()
    path.symlink_to("gone")


def a_folder(path):
    path.unlink()
    path.mkdir()


FILES = (
    "config.json",
    "checkpoints/config-copy.json",
    "checkpoints/best.safetensors",
    "checkpoints/last.safetensors",
    "checkpoints/step-0000008.safetensors",
    "metrics.jsonl",
    "cost.json",
    "figures/samples-step-0000000.npz",
)


@pytest.mark.parametrize("damage", [truncate, empty, flip, pipe, zero, nothing, a_folder])
@pytest.mark.parametrize("file", FILES)
def test_each_damage_is_found_and_mended_and_the_run_can_be_used_again(capsys, run, made, file, damage):
    if file == "metrics.jsonl" and damage is empty:
        pytest.skip("rows that are gone cannot be brought back: see below")
    before = contents(run.path)
    damage(run.path / file)
    found = reparam.doctor(run.path)
    assert {one.file for one in found.wrong} >= {file}
    assert contents(run.path).keys() <= before.keys(), "looking changes nothing"
    code, out, _ = said(capsys, "doctor", run.path, "--mend")
    assert code == 0, out
    assert "done: " in out
    lost = {one.file for one in reparam.doctor(run.path).wrong}
    assert lost <= {"metrics.jsonl", "checkpoints/best.safetensors"}, "what is lost stays lost, and is said again"
    assert reparam.load.__name__
    code, _, err = said(capsys, "train", "--resume", run.path, "--quiet")
    assert code == 0, err
    assert said(capsys, "sample", run.path)[0] == 0
    if file in ("config.json", "checkpoints/config-copy.json"):
        assert contents(run.path)[file] == before[file]


def test_rows_that_are_lost_cannot_be_mended_and_that_is_the_exit_code(capsys, run):
    run.metrics.write_text("")
    for mend in ([], ["--mend"]):
        code, out, _ = said(capsys, "doctor", run.path, *mend)
        assert code == 1
        assert "holds 0 of the" in out


@pytest.mark.parametrize("file", FILES)
def test_a_file_of_another_run_is_found(run, made, file):
    shutil.copy(made / "other" / file, run.path / file)
    (wrong, *_) = reparam.doctor(run.path).wrong
    assert wrong.file == file
    own = contents(run.path)[file]
    assert reparam.doctor(run.path, mend=True).healthy
    if file.startswith("config"):
        assert contents(run.path)["config.json.damaged"] == own
        assert contents(run.path)["config.json"] == (made / "run" / "config.json").read_bytes()


def test_damaged_rows_are_dropped_into_a_file_beside(run):
    lines = run.metrics.read_text().splitlines(True)
    run.metrics.write_text("".join([lines[0], "spoiled}\n", *lines[2:], '{"step": 3']))
    rows = run.log().rows
    assert reparam.doctor(run.path, mend=True).healthy
    assert run.metrics.read_text() == "".join([lines[0], *lines[2:]])
    assert (run.path / "metrics.jsonl.damaged").read_text() == 'spoiled}\n{"step": 3\n'
    assert RunFolder(run.path).log().rows == rows


def test_leftovers_of_a_kill_are_removed_and_a_live_process_is_let_be(run):
    gone = run.path / ".config.json.999999999.part"  # no system numbers its processes so high
    alive = run.figures / f".sample.png.{os.getpid()}.part"
    weights = run.checkpoints / ".tmpaB3dE9"  # as safetensors calls it
    for path in (gone, alive, weights):
        path.write_text("half")
    assert {left.file for left in reparam.doctor(run.path).wrong} == {gone.name, f"checkpoints/{weights.name}"}
    assert reparam.doctor(run.path, mend=True).healthy
    assert not gone.exists()
    assert not weights.exists()
    assert alive.exists()


def test_nothing_is_mended_while_somebody_trains(run):
    flip(run.best)
    with run.locked(), pytest.raises(UserError, match=r"another process \(\d+ on .+\) is training into"):
        reparam.doctor(run.path, mend=True)
    with run.locked():
        assert not reparam.doctor(run.path).healthy


def test_a_folder_that_was_never_begun_becomes_an_empty_one(tmp_path):
    (tmp_path / "run" / "checkpoints").mkdir(parents=True)
    (tmp_path / "run" / ".config.json.999999999.part").write_text("half")
    assert not reparam.doctor(tmp_path / "run").healthy
    assert reparam.doctor(tmp_path / "run", mend=True).healthy
    assert [path.name for path in (tmp_path / "run").iterdir()] == [".lock"]
    with pytest.raises(UserError, match="there is no such folder"):
        reparam.doctor(tmp_path / "gone")


@pytest.mark.parametrize("schema", ["schema-0", "schema-1"])
@pytest.mark.parametrize("name", ["vae", "gan-points", "composed", "gan-interrupted"])
def test_runs_of_earlier_versions_are_whole(schema, name):
    assert reparam.doctor(GOLDEN / schema / name).healthy


def test_a_folder_that_vanishes_before_it_is_held_is_not_called_mended(run, monkeypatch):
    real = reparam.runs.folder.hold

    def gone(folder, new):
        shutil.rmtree(folder)
        return real(folder, new)

    monkeypatch.setattr("reparam.runs.folder.hold", gone)
    with pytest.raises(UserError, match="has vanished, with all that was in it: put it back"):
        reparam.doctor(run.path, mend=True)


@pytest.mark.parametrize("mend", [True, False])
def test_a_folder_that_vanishes_while_it_is_looked_at_is_not_called_whole(run, monkeypatch, mend):
    real = reparam.runs.doctor.examine_config

    def gone(place, ours):
        shutil.rmtree(run.path)
        return real(place, ours)

    monkeypatch.setattr("reparam.runs.doctor.examine_config", gone)
    with pytest.raises(UserError, match="has vanished, with all that was in it: put it back"):
        reparam.doctor(run.path, mend=mend)


def test_what_a_run_has_cost_is_not_looked_for_in_silence_where_its_folder_has_vanished(run):
    shutil.rmtree(run.path)
    with pytest.warns(Notice, match="has vanished, with all that was in it"):
        assert run.costs() == {}
