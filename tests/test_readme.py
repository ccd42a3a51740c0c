"""The README's Python runs as it stands, but for the length of the training."""

import re
from pathlib import Path

README = Path(__file__).parent.parent / "README.md"


def test_the_readmes_python_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (code,) = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert "learning_rate=6e-3" in code
    names: dict = {}
    exec(code.replace("learning_rate=6e-3", "steps=2"), names)  # our own file
    assert names["digits"].shape == (25, 1, 28, 28)
    assert "elbo" in capsys.readouterr().out


def test_the_readmes_commands_exist():
    from reparam.cli.main import COMMANDS
    from reparam.cli.train import KINDS

    text = README.read_text(encoding="utf-8")
    for word in re.findall(r"^reparam (\S+)", text, re.MULTILINE):
        assert set(word.split("|")) <= set(COMMANDS)
    for kind in re.findall(r"reparam train ([a-z]+)", text):
        assert kind in KINDS
