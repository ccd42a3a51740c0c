"""What a user is told to give exists: settings in Python's words, and flags on the command line."""

import ast
import re
from pathlib import Path

import pytest

from helpers import said
from reparam.cli.flags import NAMED, known
from reparam.cli.main import COMMANDS
from reparam.cli.train import KINDS
from reparam.sklearn.derive import OWN

SRC = Path(__file__).parent.parent / "src" / "reparam"
FILES = sorted(SRC.rglob("*.py"))
FLAG = re.compile(r"(?<![\w-])--([a-z][a-z0-9-]*)")
OPTION = re.compile(r"^\W*(?:-\w, )*--.*$", re.MULTILINE)  # a line of the help that begins with a flag
SETTING = re.compile(r"\b([a-z][a-z0-9_]*)=")
# commands that pages and figures name to be typed are no messages
TYPED = {"studies/plane.py", "studies/pictures.py"}
# what only Python has
PYTHON_ONLY = {"model", "classes", "repeats", *OWN}


def strings(path):
    """The texts of a file that are no docstrings, placeholders left as {}."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    alone = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    inside = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            yield "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and not {id(node)} & (alone | inside):
            yield node.value


def errors(path):
    """The texts of the errors that a file raises."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("UserError", "Busy")):
            texts = [ast.unparse(arg) for arg in node.args]
            yield re.sub(r"\{[^{}]*\}", "{}", " ".join(texts))


def arguments(path):
    """What the functions of a file are called with."""
    return {node.arg for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.arg)}


@pytest.fixture(scope="module")
def helps():
    """What every command says to ``--help``, by its words."""
    import contextlib
    import io

    from reparam.cli.main import main

    found = {}
    kinds = [[command, kind] for command in ("train", "sweep") for kind in KINDS]
    calls = [[name] for name in COMMANDS if name not in ("train", "sweep")] + kinds
    for call in [*calls, ["train", "--quiet"], ["data", "pack"]]:
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown), contextlib.suppress(SystemExit):
            main([*call, "--help"])
        found[" ".join(call)] = shown.getvalue()
    return found


@pytest.fixture(scope="module")
def flags(helps):
    """Every flag that some command's parser takes, by its help, or that flags are made of."""
    found = {name.replace("_", "-") for name in known()}
    return found.union(*(FLAG.findall(" ".join(OPTION.findall(text))) for text in helps.values()))


def test_a_flag_that_turns_off_does_not_claim_to_be_on(helps):
    """``--no-test``, described by what ``test`` does and "default: True", would say the opposite of what it does.

    What is on unless turned off has both flags; alone, ``--no-...`` says itself what does not happen.
    """
    both, alone = set(), set()
    for command, text in helps.items():
        for told in re.split(r"\n(?=\W*-)", re.sub(r"\x1b\[[0-9;]*m", "", text)):
            names = re.findall(r"(?<![\w-])--([a-z][a-z0-9-]*)", told.splitlines()[0])
            on = "(default: True)" in " ".join(re.sub(r"[│╰─╯]", " ", told).split())
            if names and names[0].startswith("no-"):
                alone.add(names[0])
                assert not on, (command, told)
            elif on:
                both.add(names[0])
                assert f"no-{names[0]}" in names, (command, told)
    assert both == {"cuda-graphs", "test"}
    assert alone == {"no-browser", "no-measure"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(SRC).as_posix())
def test_flags_are_the_commands_words_alone(path):
    place = path.relative_to(SRC)
    if place.parts[0] == "cli" or place.as_posix() in TYPED:
        return
    for text in strings(path):
        typed = text.startswith("reparam ")  # an example for a command's help
        assert typed or not FLAG.search(text), f"{place} tells Python users of a flag: {text!r}"


def test_every_flag_that_a_message_names_is_there(flags):
    for path in (SRC / "cli").glob("*.py"):
        for text in strings(path):
            for flag in FLAG.findall(text):
                assert flag in flags | {"help", "version", "print-completion"}, f"{path.name} names --{flag}: {text!r}"


def test_every_setting_that_an_error_names_is_a_flag_or_pythons_own(flags):
    taken = {flag.replace("-", "_") for flag in flags} | {name for name, flag in NAMED.items() if flag in flags}
    seen = set()
    for path in FILES:
        for text in errors(path):
            for name in SETTING.findall(re.sub(r"[\w.]+\([^()]*\)", "", text)):
                assert name in taken | PYTHON_ONLY | arguments(path), f"{path.relative_to(SRC)} names {name}=: {text}"
                seen.add(name)
    assert {"binarization", "labels", "image_size", "out", "force", "posterior", "candidates", "resume"} <= seen


def test_a_command_says_flags_and_python_says_settings(tmp_path, capsys):
    from reparam.data import load_data
    from reparam.errors import UserError

    table = tmp_path / "t.csv"
    table.write_text("a,colour\n" + "".join(f"{i % 7},{'red' if i % 2 else 'blue'}\n" for i in range(30)))
    with pytest.raises(UserError, match='labels="colour"'):
        load_data(table, read_as="vectors")
    code, _, error = said(capsys, "data", table, "--as", "vectors", "--out", tmp_path / "seen.png")
    assert code == 2
    assert "take --as table, make it the labels with --labels colour," in error
    code, out, _ = said(capsys, "data", table, "--out", tmp_path / "seen.png", "--labels", "2")
    assert code == 0
    assert "blue  train " in out
