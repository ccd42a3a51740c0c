"""What other systems lack is not asked for: those modules of Python's that only POSIX has, and Linux's files."""

import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reparam.files import write_json
from reparam.runs.folder import RunFolder

SRC = Path(__file__).parent.parent / "src"
MODULES = [
    ".".join(path.relative_to(SRC).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted((SRC / "reparam").rglob("*.py"))
    if path.name != "__main__.py"
]
POSIX = ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "posix_ipc", "syslog")
WITHOUT = "import sys; sys.modules.update(dict.fromkeys({posix}));"


def pythons():
    """Every Python from 3.11 on that is here: this one, those on the path, pyenv's."""
    names = [f"python3.{minor}" for minor in range(11, 20)]
    on_path = [path for name in names if (path := shutil.which(name)) and "shims" not in path]  # which may lead nowhere
    others = [str(path) for name in names for path in (Path.home() / ".pyenv" / "versions").glob(f"*/bin/{name}")]
    return list(dict.fromkeys([sys.executable, *on_path, *others]))


@pytest.mark.parametrize("python", pythons())
def test_the_source_compiles_in_every_python_that_is_here(python):
    """Without a warning, either; `scripts/smoke.py` installs and runs it where there are wheels."""
    code = (
        "import sys, pathlib\n"
        "for path in pathlib.Path(sys.argv[1]).rglob('*.py'): compile(path.read_bytes(), str(path), 'exec')"
    )
    told = subprocess.run([python, "-W", "error", "-c", code, SRC], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr


def without_posix(code):
    """What a fresh Python prints that has none of the modules that other systems lack."""
    told = subprocess.run([sys.executable, "-c", WITHOUT.format(posix=POSIX) + code], capture_output=True, text=True)
    assert told.returncode == 0, told.stderr
    return told.stdout


def test_every_module_can_be_imported_where_there_is_no_posix():
    assert len(MODULES) > 150
    code = f"from importlib import import_module\nfor name in {MODULES}: import_module(name)"
    assert without_posix(code) == ""


def test_memory_is_told_or_left_out_where_there_is_neither_proc_nor_resource():
    code = (
        "from pathlib import Path; from reparam.training import memory; "
        "memory.STATUS = memory.FORGET = Path('nowhere/status'); memory.forget_peak(); print(memory.peak_memory())"
    )
    assert without_posix(code) == "{}\n"
    with_resource = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert 50 < float(re.search(r"'peak_memory_mib': ([\d.]+)", with_resource)[1]) < 5000


def test_handlers_that_were_not_pythons_are_given_back(monkeypatch):
    from reparam.training.interrupt import SIGNALS, listening

    set_to = []
    monkeypatch.setattr(signal, "getsignal", lambda number: None)  # what Python says of C's
    monkeypatch.setattr(signal, "signal", lambda number, handler: set_to.append(handler))
    with listening():
        pass
    assert len(set_to) == 2 * len(SIGNALS)
    assert set_to[len(SIGNALS) :] == [signal.SIG_DFL] * len(SIGNALS)


def test_text_is_written_the_same_on_every_system(tmp_path, monkeypatch):
    """As where lines end in two characters."""
    monkeypatch.setattr("os.linesep", "\r\n")
    folder = RunFolder(tmp_path)
    write_json(folder.config, {"a": 1})
    folder.append({"step": 1, "split": "train"})
    folder.rewind(1)
    assert folder.metrics.read_bytes() == b'{"step": 1, "split": "train"}\n'
    assert b"\r" not in folder.config.read_bytes()


@pytest.mark.parametrize("path", sorted((SRC / "reparam").rglob("*.py")), ids=lambda p: str(p.relative_to(SRC)))
def test_text_files_are_opened_with_their_encoding_and_newline(path):
    """Python's defaults are the system's: both must be said wherever text is written, and the encoding where read."""
    text = path.read_text(encoding="utf-8")
    for call in re.findall(r"\.write_text\(.*|\.open\(\"[awx]\".*", text):
        assert "newline=" in call or "FORGET" in text, call
    for call in re.findall(r"\.read_text\(.*", text):
        assert "encoding=" in call or "STATUS" in text, call
