"""The README's Python runs as it stands, but for the length of the training, and so does what it tells to type next."""

import re
from pathlib import Path

import numpy as np
import pytest

from helpers import said

README = Path(__file__).parent.parent / "README.md"
FIRST = 'reparam.fit(vae, data, "runs/vae")'


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The folder in which all of the README's Python was run, and the names it left."""
    folder, names = tmp_path_factory.mktemp("readme"), {}
    code = "\n".join(re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL))
    assert FIRST in code
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        exec(code.replace(FIRST, FIRST[:-1] + ", steps=2)"), names)  # our own file
    return folder, names


def test_the_readmes_python_runs(ran):
    _, names = ran
    assert names["digits"].shape == (25, 1, 28, 28)
    assert names["codes"].shape == (2000, 3)
    assert np.isfinite(names["nats"]).all()
    assert names["nats"].shape == (5,)
    assert names["text"]
    assert names["arrays"]["z"].shape == (100, 2)
    assert names["run"].test
    assert names["stopped"].rows[-1]["epoch"] < 50, "the callback that stops did"


@pytest.mark.parametrize(
    "words",
    [
        ("sample", "runs/vae"),
        ("curves", "runs/vae"),
        ("info", "runs/vae"),
        ("reconstruct", "runs/vae"),
        ("evaluate", "runs/vae", "--images", "10", "--samples", "5", "--count", "100"),
        ("train", "--resume", "runs/vae"),
        ("sample", "runs/table"),
        ("train", "--resume", "runs/table"),
    ],
    ids=" ".join,
)
def test_what_python_wrote_is_a_run_like_the_commands(capsys, monkeypatch, ran, words):
    folder, _ = ran
    monkeypatch.chdir(folder)
    code, _, err = said(capsys, *words)
    assert code == 0, err


def test_the_readmes_commands_exist():
    from reparam.cli.main import COMMANDS
    from reparam.kinds import KINDS

    text = README.read_text(encoding="utf-8")
    for word in re.findall(r"^reparam (\S+)", text, re.MULTILINE):
        assert set(word.split("|")) <= set(COMMANDS)
    for kind in re.findall(r"reparam train ([a-z]+)(?![a-z.:])", text):
        assert kind in KINDS
