"""Errors name settings, which the command tells as flags; and no flag is named that no command has."""

import ast
import re
from pathlib import Path

import pytest

from helpers import said
from reparam.cli.flags import known, translated

SRC = Path(__file__).parents[2] / "src" / "reparam"
OF_TOOLS = {"help", "version", "print-completion"}  # which no options hold


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ("use kl='sampled' or auto", "use --kl sampled or auto"),
        ("samples=0 will not do: give 1", "--samples 0 will not do: give 1"),
        ("name another folder with `out`, or delete it", "name another folder with --out, or delete it"),
        ("train a gan with conditional=True.", "train a gan with --conditional."),
        ("scale=0.1, say; steps=3.", "--scale 0.1, say; --steps 3."),
        ("the `run` of a name='x'", "the `run` of a name='x'"),
        # no flags: a function's own argument, a folder's name, a command to type
        ("call reparam.load('x', model=...)", "call reparam.load('x', model=...)"),
        ("runs/latent_dim=2 is no run folder", "runs/latent_dim=2 is no run folder"),
        ("go on with `reparam train --resume runs/a`", "go on with `reparam train --resume runs/a`"),
        ("load_data(..., labels=2)", "load_data(..., labels=2)"),
        ('use kl="sampled" (or "auto")', 'use --kl sampled (or "auto")'),
        ("learning_rate=0.001, say", "--learning-rate 0.001, say"),
        ("learning_rate=1e-3.", "--learning-rate 1e-3."),
        ("train a gan with conditional=True", "train a gan with --conditional"),
        ("leave from_label=... and to_label=... out", "leave --from-label and --to-label out"),
        ("hidden=(64, 32) and width=8", "--hidden 64 32 and --width 8"),
        ('out="my runs/a"; or', "--out 'my runs/a'; or"),
        ("out=runs/a.html", "--out runs/a.html"),
        ('continue it with resume="runs/a"', "continue it with reparam train --resume runs/a"),
        ("call reparam.fit(..., resume=True) there", "call reparam.fit(..., resume=True) there"),
        ("reparam.load('a', model=...)", "reparam.load('a', model=...)"),
        ("the function f(x)=3 and a==b, colour=red", "the function f(x)=3 and a==b, colour=red"),
        ("x=... y=2", "x=... y=2"),
    ],
)
def test_settings_are_told_as_flags(error, told):
    assert translated(error) == told


def test_the_command_tells_flags_where_python_tells_settings(capsys):
    code, _, err = said(capsys, "compare", "--seeds", "0")
    assert (code, err) == (2, "reparam: --seeds 0 will not do: give 1 to 1,000\n")


def flags_in(path):
    """Every flag that a string of a file names."""
    texts = [node.value for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if is_text(node)]
    return {flag for text in texts for flag in re.findall(r"(?<![\w-])--([a-z][a-z0-9-]*)", text)}


def is_text(node):
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


@pytest.mark.parametrize(
    "path", sorted(p for p in SRC.rglob("*.py") if flags_in(p)), ids=lambda p: str(p.relative_to(SRC))
)
def test_no_flag_is_named_that_no_command_has(path):
    there = {name.replace("_", "-") for name in known()} | OF_TOOLS
    assert flags_in(path) <= there
