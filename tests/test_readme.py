"""Python and commands in the README and in docs/ are as they can be typed: the Python runs, the flags are there.

A block of ``python`` runs as it stands, page by page, but for the length of trainings; one of ``py`` is a part of
something and is only read. In blocks of the shell, and in the text, every command and each of its flags has to exist.
"""

import ast
import importlib.util
import re
import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

from helpers import said

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
PAGES = [README, *sorted(path for path in (ROOT / "docs").rglob("*.md") if "built" not in path.parts)]
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)
ELSEWHERE = {"courses"}
"""Pages whose Python takes long, and is run by the tests of their own."""
RUNS = [
    page for page in PAGES if "```python\n" in page.read_text(encoding="utf-8") and page.parent.name not in ELSEWHERE
]


def blocks(page, *languages):
    """The code of a page that is in one of the languages."""
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [code for language, code in found if language in languages]


class Short(ast.NodeTransformer):
    """Trainings of two steps, whatever they were told."""

    def visit_Call(self, node):
        self.generic_visit(node)
        if ast.unparse(node.func) == "reparam.fit":
            node.keywords = [word for word in node.keywords if word.arg not in ("epochs", "steps")]
            node.keywords.append(ast.keyword("steps", ast.Constant(2)))
        return node


def run_page(page, folder):
    """The names that a page's Python leaves, run in a folder."""
    tree = ast.fix_missing_locations(Short().visit(ast.parse("\n".join(blocks(page, "python")))))
    names = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        exec(compile(tree, str(page), "exec"), names)  # our own file
    return names


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The folder in which the guide's Python was run, and the names it left."""
    folder = tmp_path_factory.mktemp("training")
    return folder, run_page(ROOT / "docs" / "training.md", folder)


def test_the_guides_python_runs(ran):
    _, names = ran
    assert names["digits"].shape == (25, 1, 28, 28)
    assert names["codes"].shape == (2000, 3)
    assert np.isfinite(names["nats"]).all()
    assert names["nats"].shape == (5,)
    assert names["text"]
    assert names["arrays"]["z"].shape == (100, 2)
    assert names["run"].test
    assert names["stopped"].rows


DIRECTIVE = re.compile(r"^(?::{3,}|`{3,}\{).*|\{[a-z:-]+\}`.*", re.MULTILINE)
"""What only the site's reader knows, and a forge shows as it stands: directives and roles of MyST's."""
LINK = re.compile(r"\]\((?!\w+:)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_forge_shows_every_page_and_its_links_lead_somewhere_in_the_repository(page):
    """What the site has besides is asked for by comments: ``docs/_ext/tables_of_ours.py``."""
    text = page.read_text(encoding="utf-8")
    assert DIRECTIVE.findall(text) == []
    assert [link for link in LINK.findall(BLOCK.sub("", text)) if not (page.parent / link).exists()] == []


@pytest.mark.parametrize("page", RUNS, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_pages_python_runs(page, tmp_path, ran):
    if page.name == "training.md":
        return  # it has
    names = run_page(page, tmp_path)
    if page in (README, ROOT / "docs" / "start" / "index.md"):
        assert np.isfinite(names["nats"]).all()
        assert len(names["codes"]) == 2000


@pytest.mark.parametrize(
    "words",
    [
        ("sample", "runs/vae"),
        ("curves", "runs/vae"),
        ("info", "runs/vae"),
        ("reconstruct", "runs/vae"),
        ("evaluate", "runs/vae", "--likelihood", "--images", "10", "--samples", "5"),
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


def typed(page):
    """The words behind ``reparam`` of every command that a page's blocks tell to type."""
    for line in "\n".join(blocks(page, "sh", "")).splitlines():
        for part in re.split(r"&&|;", line.partition("  #")[0].partition(" # ")[0]):
            command = re.fullmatch(r"(?:\w+=\S+ )*(?:torchrun .*?-m )?reparam (.+)", part.strip())
            if command and "..." not in command[1]:
                words = shlex.split(command[1])
                for name in words[0].split("|"):
                    yield (name, *words[1:])


TYPED = sorted({words for page in PAGES for words in typed(page)})


class ReadAsFarAsNeeded(Exception):
    """The flags of a command have been read: nothing more is done."""


@pytest.fixture
def only_read(monkeypatch):
    """Commands read their flags as they do, and then stop."""
    import pkgutil
    from importlib import import_module

    from reparam import cli
    from reparam.cli.parse import parse

    def stop(*args):
        parse(*args)
        raise ReadAsFarAsNeeded

    # all of them before any is patched: one that is imported in between would keep what is there by then
    modules = [import_module(f"reparam.cli.{found.name}") for found in pkgutil.iter_modules(cli.__path__)]
    for module in modules:
        if getattr(module, "parse", None) is parse:
            monkeypatch.setattr(module, "parse", stop)


def test_the_documents_tell_commands_to_type():
    assert len(TYPED) > 60


@pytest.mark.parametrize("words", TYPED, ids=" ".join)
def test_every_command_in_the_documents_can_be_typed(words, only_read, ran, monkeypatch, tmp_path):
    from reparam.cli.main import dispatch

    if "--config" in words:  # a file that the reader has written
        monkeypatch.chdir(tmp_path)
        file = tmp_path / words[words.index("--config") + 1]
        file.write_text('kind = "vae"\n' if file.suffix == ".toml" else '{"kind": "vae"}')

    if "--from" in words:  # whose flags are those of the run that it begins from
        monkeypatch.chdir(ran[0])
        words = [word.replace("runs/plane", "runs/vae") for word in words]

    if "--processes" in words:  # which others would be started for
        at = words.index("--processes")
        words = words[:at] + words[at + 2 :]
    with pytest.raises(ReadAsFarAsNeeded):
        dispatch(list(words))


def test_every_command_in_the_text_exists():
    from reparam.cli.main import COMMANDS
    from reparam.kinds import KINDS

    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for words in re.findall(r"`reparam ([a-z|-]+)[ `]", text):
            assert set(words.split("|")) <= set(COMMANDS), (page, words)
        for kind in re.findall(r"reparam train ([a-z]+)(?![a-z.:])", text):
            assert kind in KINDS, (page, kind)


def test_every_file_in_the_documents_exists():
    assert sys.version_info >= (3, 11)
    for page in PAGES:
        for recipe in re.findall(r"\b((?:recipes|scripts)/\w+\.py)", page.read_text(encoding="utf-8")):
            assert (ROOT / recipe).exists(), (page, recipe)


def test_every_lab_has_a_page_its_result_and_its_figure():
    from reparam import labs

    shown = [name for page in PAGES for name in re.findall(r": lab (\S+) -->", page.read_text(encoding="utf-8"))]
    assert sorted(shown) == sorted(labs.NAMES), "write a page in docs/theory with the comment that others have"
    for name in shown:
        for kind in ("json", "png"):
            file = ROOT / "docs" / "labs" / f"{name}.{kind}"
            assert file.exists(), f"reparam lab {name} --out docs/labs makes {file.name}; the .npz is not kept"


def test_what_is_made_of_the_programs_tables_is_as_they_say():
    found = importlib.util.spec_from_file_location("make_pages", ROOT / "scripts" / "make_pages.py")
    script = importlib.util.module_from_spec(found)
    found.loader.exec_module(script)
    differing = [path.relative_to(ROOT).as_posix() for path in script.differing()]
    assert differing == [], "python scripts/make_pages.py writes them anew"


@pytest.mark.parametrize("folder", ["", "theory", "models", "courses", "start"])
def test_every_page_is_reached_by_plain_links_as_well(folder):
    """Who reads the Markdown on a forge sees no contents: each folder's first page leads to all others of it."""
    place = ROOT / "docs" / folder
    first = place / ("index.md" if folder else "guides.md")
    others = {path.name for path in [*place.glob("*.md"), *place.glob("*.ipynb")]} - {first.name, "index.md"}
    assert others <= set(re.findall(r"\]\(([\w-]+\.(?:md|ipynb))\)", first.read_text(encoding="utf-8")))


def test_no_page_shows_a_directive_where_nothing_builds_it():
    """Contents are comments, which the site alone reads; `docs/extending.md` takes in a part of another page."""
    for page in PAGES:
        for name in re.findall(r"^`{3,}\{(\w+)\}", page.read_text(encoding="utf-8"), re.M):
            assert (page.name, name) == ("extending.md", "include"), (page, name)
