"""A folder in which a run was killed before it had begun may be begun anew; what somebody made is never touched."""

import pytest

from helpers import quiet_fit, small_data, small_vae
from reparam.errors import UserError
from reparam.runs.folder import RunFolder


def test_what_a_kill_leaves_before_the_first_file_is_no_run(tmp_path):
    place = RunFolder(tmp_path / "run")
    (place.path / "checkpoints").mkdir(parents=True)
    for name in (".lock", ".config.json.123.part", "checkpoints/.last.safetensors.4.part"):
        (place.path / name).write_text("half")
    with pytest.raises(UserError, match="was killed before it had begun, or none ever was; begin it anew"):
        place.record()
    run = quiet_fit(small_vae(), small_data(), place.path, steps=1)
    assert run.test
    assert not list(place.path.rglob("*.part"))


@pytest.mark.parametrize(
    "name", ["x", "a/b/x", ".config.json.part", "config.json.1.part", ".config.json.x.part", "..1.part"]
)
def test_what_somebody_made_is_left_alone(tmp_path, name):
    (tmp_path / "run" / name).parent.mkdir(parents=True)
    (tmp_path / "run" / name).write_text("mine")
    with pytest.raises(UserError, match="exists already"):
        quiet_fit(small_vae(), small_data(), tmp_path / "run", steps=1)
    assert (tmp_path / "run" / name).read_text() == "mine"


def test_a_link_or_a_file_in_its_place_is_something(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "gone")
    (tmp_path / "file").touch()
    (tmp_path / "inside").mkdir()
    (tmp_path / "inside" / "link").symlink_to(tmp_path / "gone")
    for name in ("link", "file", "inside"):
        with pytest.raises(UserError, match="exists already"):
            RunFolder(tmp_path / name).check_free()


def test_another_that_began_in_the_meantime_is_not_overwritten(tmp_path):
    run = quiet_fit(small_vae(), small_data(), tmp_path / "run", steps=1)
    before = run.folder.config.read_bytes()
    with pytest.raises(UserError, match="exists already"):
        RunFolder(tmp_path / "run").create(run.written)
    held = RunFolder(tmp_path / "new").locked(new=True)
    with held, pytest.raises(UserError, match=r"another process .* is training into"):
        RunFolder(tmp_path / "new").create(run.written)
    assert run.folder.config.read_bytes() == before
    assert not (tmp_path / "new" / "config.json").exists()
