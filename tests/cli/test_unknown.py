"""Words and options that a command has no place for are answered in a sentence that says what would do."""

import pytest

from reparam.cli.main import COMMANDS, main

CASES = {
    "reconstruct run {there}": "for `reparam reconstruct RUN`: as an option it would be --data {there}",
    "sample run 5": "'5' is a word too many for `reparam sample RUN`: as an option it would be -n 5",
    "sample run new.png": "as an option it would be --out new.png, see `reparam sample --help`",
    "two-sample a b c": "'c' is a word too many for `reparam two-sample A B`: leave it out",
    "compare {there}": "as an option it would be --data {there}",
    "train vae {there}": "is a word too many for `reparam train vae`: as an option it would be --data {there}",
    "latents run --sed=3": "--sed is no option of `reparam latents` (did you mean --seed?): `reparam latents --help`",
    "train gan --latent-dims 3": "--latent-dims is no option of `reparam train gan` (did you mean --latent-dim?)",
    "train vae --as-if": "--as-if is no option of `reparam train vae`: `reparam train vae --help` lists them",
    "sample run \x1b[31m": "as an option it would be --out '\\x1b[31m'",
    f"sample run {'a' * 5000}": "is a word too many",
}


@pytest.mark.parametrize("line", CASES)
def test_what_is_left_over_is_answered_in_one_sentence(line, tmp_path, monkeypatch, capsys):
    there = tmp_path / "new.csv"
    there.touch()
    monkeypatch.setattr("sys.argv", ["reparam"])
    assert main(line.format(there=there).split(" ")) == 2
    told = capsys.readouterr().err
    assert CASES[line].format(there=there) in told
    assert told.count("\n") == 1


@pytest.mark.parametrize("command", [name for name in COMMANDS if name != "train"])
def test_every_command_answers_so(command, capsys):
    """With more words than any of them takes, or an option that none has, and what else it needs."""
    needed = {"score": ["--out", "o.csv"], "encode": ["--out", "o.npz"], "impute": ["--out", "o.csv"]}.get(command, [])
    for extra in (["--no-such-thing"], [] if command in ("evaluate", "report", "watch") else ["too", "many"]):
        assert main([command, "a", "b", *needed, *extra]) == 2
        told = capsys.readouterr().err
        assert told.startswith("reparam: ")
        assert told.count("\n") == 1
        assert f"`reparam {command} --help`" in told or not extra
