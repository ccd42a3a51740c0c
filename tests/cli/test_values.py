"""A value that an option does not take is told in one sentence, whichever option of whichever command it is."""

import subprocess
import sys
from contextlib import redirect_stdout, suppress
from io import StringIO

import numpy as np
import pytest

from helpers import said
from reparam.cli.main import COMMANDS
from reparam.cli.parse import COLLECTED, Collected
from reparam.cli.unknown import hinted
from reparam.cli.values import WORDS, _alternatives, _takes_many, check_values
from reparam.errors import UserError
from reparam.kinds import KINDS

CASES = [
    ("--steps 1e3", "--steps takes a whole number, and '1e3' is none: write 1000"),
    ("--steps=2.5", "--steps takes a whole number, and '2.5' is none"),
    ("--learning_rate abc", "--learning-rate takes a number, and 'abc' is none"),
    ("--hidden 4 x", "--hidden takes whole numbers, and 'x' is none"),
    (
        "--posterior ful",
        "--posterior takes one of diagonal, full, hierarchical, iaf, spline, and 'ful' is none (did you mean 'full'?)",
    ),
    ("--seed -1e3", "--seed takes a whole number, and '-1e3' is none: write -1000"),
]


@pytest.mark.parametrize(("flags", "sentence"), CASES)
def test_it_is_said_what_an_option_takes(capsys, flags, sentence):
    code, out, err = said(capsys, "train", "vae", *flags.split())
    assert (code, out, err) == (2, "", f"reparam: {sentence}\n")


def test_what_follows_as_many_as_it_takes_is_the_commands_own(capsys, tmp_path, monkeypatch):
    """A pair takes two values, and the file behind them is the one that is asked about."""
    monkeypatch.chdir(tmp_path)  # where the command draws examples
    path = tmp_path / "x.npy"
    np.save(path, np.random.default_rng(0).random((40, 3)).astype("float32"))
    code, out, err = said(capsys, "data", "--value-range", 0, 1, path)
    assert (code, err) == (0, "")
    assert "x.npy" in out
    code, _, err = said(capsys, "data", "--value-range", 0, "high", path)
    assert (code, err) == (2, "reparam: --value-range takes numbers, and 'high' is none\n")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["train", "vae", "--out", ""], "--out takes a path, and an empty word is none"),
        (["train", "vae", "--out="], "--out takes a path, and an empty word is none"),
        (["sample", ""], "an empty word names nothing"),
        (["evaluate", "--count", "50", ""], "an empty word names nothing"),
    ],
)
def test_a_variable_that_is_not_set_is_not_the_working_directory(capsys, tmp_path, monkeypatch, words, sentence):
    monkeypatch.chdir(tmp_path)
    code, out, err = said(capsys, *words)
    assert (code, out, list(tmp_path.iterdir())) == (2, "", [])
    assert sentence in err
    assert "a variable that is not set" in err


@pytest.mark.parametrize("flags", ["--steps", "--out --quiet", "--out -x --steps 1", "--steps --seed 1"])
def test_and_that_one_has_none(capsys, flags):
    code, out, err = said(capsys, "train", "vae", *flags.split())
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert err.startswith(f"reparam: {flags.split()[0]} needs a value behind it")


def options_of(command, argv):
    found = []
    token = COLLECTED.set(found)
    try:
        with redirect_stdout(StringIO()), suppress(Collected, UserError):
            COMMANDS[command](command, argv)
    finally:
        COLLECTED.reset(token)
    return found


CALLS = [
    (command, argv)
    for command in COMMANDS
    for argv in ([[kind] for kind in KINDS] if command in ("train", "sweep") else [[]])
]


def taken(options, flag, hint):
    """What a flag takes is taken, and what it does not take is told."""
    kinds = set(_alternatives(hint))
    choices = {kind for kind in kinds if isinstance(kind, str)}
    for choice in choices:
        check_values([flag, choice], options, "x")
    if {int, float} & kinds:
        check_values([flag, "1"], options, "x")
        check_values([f"{flag}=-1"], options, "x")
    if kinds <= choices | WORDS.keys() and kinds:
        with pytest.raises(UserError, match=f"^{flag} takes [^\n]*, and 'no such' is none[^\n]*$"):
            check_values([flag, "no such"], options, "x")
    else:
        check_values([flag, "no such"], options, "x")
    if bool not in kinds and not _takes_many(hint):
        with pytest.raises(UserError, match="needs a value"):
            check_values([flag], options, "x")


@pytest.mark.parametrize(("command", "argv"), CALLS, ids=[" ".join([one, *more]) for one, more in CALLS])
def test_whatever_takes_only_numbers_or_choices_says_so_and_takes_them(command, argv):
    for options in options_of(command, argv):
        for flag, alone, hint in hinted(options):
            if not alone:
                taken(options, flag, hint)


def test_there_are_many_options():
    assert sum(len(list(hinted(options))) for call in CALLS for options in options_of(*call)) > 300


def test_what_follows_two_hyphens_is_no_option():
    (options,) = options_of("train", ["vae"])
    check_values(["--", "--steps", "x"], options, "x")


def test_words_with_a_space_are_values_even_behind_a_hyphen():
    (options,) = options_of("train", ["vae"])
    check_values(["--out", "- my runs"], options, "x")


def test_help_comes_first():
    told = subprocess.run(
        [sys.executable, "-m", "reparam", "train", "vae", "--steps", "x", "--help"], capture_output=True, text=True
    )
    assert (told.returncode, told.stdout[:6]) == (0, "usage:")
