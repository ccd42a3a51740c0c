import json
import subprocess
import sys

import pytest

from reparam.cli.main import main

FILE = """
import torch
from torch import nn

encoder, decoder = nn.Linear(3, 2), nn.Linear(2, 3)
x = torch.randn(5, 3)

def blocked():
    return (decoder(torch.normal(encoder(x), 1.0)) - x).square().sum()

def pathwise():
    h = encoder(x)
    return (decoder(h + torch.randn_like(h)) - x).square().sum()

def named():
    return blocked(), decoder

def by_name():
    return blocked(), {"bias": decoder.bias}

def vector():
    return encoder(x)

def broken():
    raise ValueError("no data\\nat all")

def ill_defined():
    return torch.normal(0.0, encoder(x)).sum()

number = 3
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "losses.py"
    path.write_text(FILE)
    return path


def said(capsys, *argv):
    code = main(["audit", *map(str, argv)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize(("function", "code"), [("blocked", 1), ("pathwise", 0), ("named", 0), ("by_name", 0)])
def test_the_exit_code_says_whether_something_is_blocked(capsys, file, function, code):
    found, out, err = said(capsys, f"{file}:{function}")
    assert found == code
    assert err == ""
    assert ("losses.py:9" in out) == (function != "pathwise")
    assert "sampled variable" in out


def test_json_holds_everything(capsys, file):
    code, out, _ = said(capsys, f"{file}:blocked", "--json", "--check", "--seeds", "8")
    report = json.loads(out)
    assert code == 1
    assert report["ok"] is False
    (node,) = report["nodes"]
    assert node["verdict"] == "blocked"
    assert node["line"] == 9
    assert node["blocked"] == ["encoder.weight", "encoder.bias"]
    assert report["check"]["biased"] is True
    assert len(report["check"]["directions"]) >= 3


def test_the_same_seed_gives_the_same_report(capsys, file):
    outs = [said(capsys, f"{file}:number_or_not".replace("number_or_not", "pathwise"), "--seed", s)[0] for s in (1, 1)]
    assert outs == [0, 0]


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("{}", "names no function"),
        ("{}:", "names no function"),
        ("{}:nothing", "has no function 'nothing'"),
        ("{}:number", "has no function 'number'"),
        ("nowhere.py:loss", "there is no file 'nowhere.py'"),
        ("{}:vector", r"shape (5, 2): return a scalar"),
        ("{}:broken", "raised ValueError: no data"),
    ],
)
def test_a_users_mistake_is_one_sentence_and_exit_code_2(capsys, file, target, words):
    code, out, err = said(capsys, target.format(file))
    assert code == 2
    assert out == ""
    assert words in err
    assert len(err.strip().splitlines()) == 1


def test_a_file_that_does_not_run(capsys, tmp_path):
    path = tmp_path / "bad.py"
    path.write_text("import no_such_module")
    code, _, err = said(capsys, f"{path}:loss")
    assert code == 2
    assert "raised ModuleNotFoundError: No module named 'no_such_module' when it was loaded" in err


def test_a_distribution_that_is_not_defined_is_reported(capsys, file):
    code, out, _ = said(capsys, f"{file}:ill_defined")
    assert code == 2
    assert "the std of Normal is not positive: element [" in out


def test_help_has_examples_and_says_that_the_file_is_run(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["audit", "--help"])
    out = " ".join(capsys.readouterr().out.split())
    assert stopped.value.code == 0
    assert "reparam audit train.py:loss" in out
    assert "The file is run" in out


def test_as_a_process(file):
    done = subprocess.run(
        [sys.executable, "-m", "reparam", "audit", f"{file}:blocked"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "holds back a gradient" in done.stdout
