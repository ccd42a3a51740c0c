"""Folders are made once: what vanished is told, and never made again with a hole where everything else was."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from reparam.files import make_way, text, write_result
from reparam.folders import Vanished, make_folder, standing, unchanged
from reparam.runs.folder import RunFolder
from reparam.runs.lock import hold
from reparam.studies.lengths import steps_once

SRC = Path(__file__).parent.parent / "src" / "reparam"
OWNER = SRC / "folders.py"
MAKERS = {"mkdir", "makedirs", "mkdirs"}


def test_folders_are_made_in_one_file_alone():
    """Made elsewhere, one that had vanished would be there again, and empty."""
    found = [
        f"{path.relative_to(SRC)}:{node.lineno}"
        for path in SRC.rglob("*.py")
        if path != OWNER
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in MAKERS
    ]
    assert not found, "call reparam.folders.make_folder"


def test_all_folders_on_the_way_are_made(tmp_path):
    make_folder(tmp_path / "a" / "b" / "c")
    make_folder(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()


def test_a_file_on_the_way_is_told_as_what_it_is(tmp_path):
    (tmp_path / "a").touch()
    with pytest.raises(NotADirectoryError):
        make_folder(tmp_path / "a" / "b")
    with pytest.raises(FileExistsError):
        make_folder(tmp_path / "a")


MAKE = {
    "itself": lambda folder: make_folder(folder),
    "one in it": lambda folder: make_folder(folder / "a" / "b"),
    "the folder of a file in it": lambda folder: make_way(folder / "file"),
    "a result in it": lambda folder: write_result(folder / "a.txt", text("made by reparam")),
    "a run in it": lambda folder: hold(folder / "run", new=True).__enter__(),
    "the folders of a run": lambda folder: RunFolder(folder)._make_folders(),
    "holding it": lambda folder: hold(folder).__enter__(),
    "the steps of a comparison": lambda folder: steps_once(folder, "vae", [], lambda: 3),
}


@pytest.mark.parametrize("name", MAKE)
@pytest.mark.parametrize("relative", [False, True])
def test_what_stands_is_not_made_again(tmp_path, name, relative, monkeypatch):
    monkeypatch.chdir(tmp_path)
    folder = (Path() if relative else tmp_path) / "study"
    folder.mkdir()
    with standing(folder):
        shutil.rmtree(folder)
        with pytest.raises(Vanished, match="study has vanished, with all that was in it: put it back, or begin anew"):
            MAKE[name](folder)
    assert not folder.exists()


def test_it_may_be_made_again_behind_the_block(tmp_path):
    folder = tmp_path / "study"
    folder.mkdir()
    with standing(folder):
        folder.rmdir()
    make_folder(folder)
    assert folder.is_dir()
    with standing(tmp_path), standing(folder):
        make_folder(folder / "run")
    assert (folder / "run").is_dir()


@pytest.mark.parametrize("rely", [standing, unchanged])
def test_only_what_is_there_can_be_relied_on(tmp_path, rely):
    with pytest.raises(Vanished, match="gone has vanished"), rely(tmp_path / "gone"):
        pass


def anew(folder):
    shutil.rmtree(folder)
    folder.mkdir()


def test_a_folder_that_was_made_again_is_another(tmp_path):
    """Its number may be the same: file systems give that of a folder that went to the next."""
    folder = tmp_path / "study"
    folder.mkdir()
    with unchanged(folder):
        (folder / "file").touch()
    for _ in range(20):
        anew(folder)
        with pytest.raises(Vanished), unchanged(folder):
            anew(folder)


IN_THE_MOMENT = {
    "one": "make_folder(study / 'other')",
    "two": "make_folder(study / 'other' / 'b')",
    "a way": "make_way(study / 'other' / 'file')",
    "a run begun": "hold(study / 'other', new=True).__enter__()",
    "a run held": "hold(study / 'run').__enter__()",
    "a run asked for": "held(study / 'run')",
    "steps": "steps_once(study, 'vae', [], lambda: 3)",
}
AT_THE_NEXT = """
import shutil, sys
from pathlib import Path
from reparam.files import make_way
from reparam.folders import Vanished, make_folder
from reparam.runs.lock import held, hold
from reparam.studies.lengths import steps_once

going = []
def goes_before_it_is_made(event, arguments):
    if event == "os.mkdir" and going and str(arguments[0]).startswith(str(going[0])):
        shutil.rmtree(going.pop())
sys.addaudithook(goes_before_it_is_made)

def tried(name, do):
    study = Path(name).absolute()  # as locks name it
    (study / "run" / "checkpoints").mkdir(parents=True)
    (study / "run" / ".lock").touch()
    going.append(study)
    try:
        do(study)
    except Vanished as error:
        print(name, error, sorted(path.name for path in study.rglob("*") if path.name not in ("run", ".lock")), sep=";")
"""


def test_a_folder_that_goes_in_the_moment_before_one_in_it_is_made(tmp_path):
    """The system's word, not a look before, decides; a lock, which makes folders by itself, is found out."""
    calls = (f"tried({name!r}, lambda study: {do})" for name, do in IN_THE_MOMENT.items())
    script = "\n".join([AT_THE_NEXT, *calls])
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=tmp_path, check=True)
    found = [line.split(";") for line in told.stdout.splitlines()]
    assert [name for name, _, _ in found] == list(IN_THE_MOMENT)
    assert all("has vanished, with all that was in it" in said for _, said, _ in found), told.stdout
    assert {left for *_, left in found} <= {"[]", "['.steps.lock']"}, "of which nothing is taken for whole"
