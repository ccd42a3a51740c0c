"""What is told to be typed next works as typed, however the command was called."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from reparam.cli.main import main

SCRIPT = Path(sys.executable).parent / "reparam"


@pytest.mark.parametrize("called", [[str(SCRIPT)], [sys.executable, "-m", "reparam"]], ids=["script", "module"])
def test_the_next_command_runs(tmp_path, monkeypatch, called):
    if called[0] == str(SCRIPT) and not SCRIPT.exists():
        pytest.skip("the package is not installed here")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    python = tmp_path / Path(sys.executable).name  # on the path, as it is where it was called by name
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    python.chmod(0o755)
    train = [*called, "train", "vae", "--data", "two-gaussians", "--steps", "2", "--hidden", "4", "--out", "run"]
    told = subprocess.run(train, cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    (following,) = re.findall(r"next: (.*)", told)
    assert following.endswith(" sample run")
    assert shlex.split(following)[0] != "reparam"
    subprocess.run(shlex.split(following), cwd=tmp_path, capture_output=True, check=True)


@pytest.mark.parametrize("name", ["two words", "it's", "-x", "ü $HOME"])
def test_the_next_command_names_the_run_whatever_it_is_called(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    train = ["train", "vae", "--data", "two-gaussians", "--steps", "2", "--hidden", "4", "--quiet", f"--out={name}"]
    assert main(train) == 0
    (following,) = re.findall(r"next: (.*)", capsys.readouterr().out)
    words = shlex.split(following)
    assert Path(words[-1]) == Path(name)
    assert main(words[words.index("sample") :]) == 0


def test_a_commands_name_in_a_sentence_stays(monkeypatch):
    from reparam.cli.typed import typed

    monkeypatch.setattr(sys, "argv", ["/somewhere/bin/reparam"])
    monkeypatch.setenv("PATH", "")
    text = "reparam: reparam knows; call `reparam sample run`, see /usr/bin/reparam train"
    assert typed(text) == "reparam: reparam knows; call `/somewhere/bin/reparam sample run`, see /usr/bin/reparam train"
