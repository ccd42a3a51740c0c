"""Pages that are made of the program's own tables, so that they say what the program does: kinds, labs, commands."""

import json
from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from words import MODULES, api_page, commands_page, escaped, extras_page, kind_page, lab_text, modules_page

from reparam.kinds import KINDS


class FromMarkdown(SphinxDirective):
    """A directive whose content is Markdown that is made when the site is built."""

    required_arguments = 0
    optional_arguments = 1

    def text(self) -> str:
        """Markdown to be read in the directive's place."""
        raise NotImplementedError

    def run(self) -> list[nodes.Node]:
        """Read it as the page around it is read."""
        lines = StringList(self.text().splitlines(), source=self.get_source_info()[0])
        return self.parse_text_to_nodes("\n".join(lines), allow_section_headings=True)


class LabOf(FromMarkdown):
    """A lab: its text, its figure, and its table, measured by `reparam lab NAME` and kept in docs/labs."""

    def text(self) -> str:
        """From `reparam.labs` and the committed result."""
        name, folder = self.arguments[0], Path(self.env.srcdir) / "labs"
        self.env.note_dependency(str(folder / f"{name}.json"))
        return lab_text(name, json.loads((folder / f"{name}.json").read_text(encoding="utf-8")))


class CommandsOf(FromMarkdown):
    """Every command and what it does."""

    def text(self) -> str:
        """From `reparam.cli.main.COMMANDS`."""
        return commands_page()


class ModulesOf(FromMarkdown):
    """Every public module and what it is for."""

    def text(self) -> str:
        """From their docstrings."""
        return modules_page()


class ExtrasOf(FromMarkdown):
    """Every extra, what it is for and what it needs."""

    def text(self) -> str:
        """From pyproject.toml."""
        project = Path(self.env.srcdir).parent / "pyproject.toml"
        self.env.note_dependency(str(project))
        return extras_page(project.read_text(encoding="utf-8"))


def write_pages(app: Sphinx) -> None:
    """A page for each public module and for each kind of model, before any is read."""
    folder = Path(app.srcdir)
    pages = {f"api/built/{name}.rst": api_page(name) for name in MODULES}
    pages |= {f"models/built/{name}.md": kind_page(name) for name in KINDS}
    for name, text in pages.items():
        page = folder / name
        page.parent.mkdir(parents=True, exist_ok=True)
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


def bars(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Docstrings are written to be read as they are: bars around a norm are bars; examples stay."""
    example = False
    for i, line in enumerate(lines):
        example = line.lstrip().startswith(">>>") or (example and bool(line.strip()))
        lines[i] = line if example else escaped(line)


def list_pages(app: Sphinx, page: str, source: list[str]) -> None:
    """A page put into a folder is in its contents, behind those that are listed by name, without a line more."""
    lines, folder = source[0].splitlines(), Path(app.srcdir)
    for i, line in enumerate(lines):
        if line.startswith("%pages: "):
            app.env.note_reread()  # a page may come while this one stays as it is
            found = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.glob(line[8:])}
            listed = {other.removeprefix("/") for other in lines} | {page, "index"}
            lines[i] = "\n".join(f"/{name}" for name in sorted(found - listed) if name in app.env.found_docs)
    source[0] = "\n".join(lines) + "\n"


DIRECTIVES: dict[str, type[Directive]] = {
    "lab": LabOf,
    "commands": CommandsOf,
    "modules": ModulesOf,
    "extras": ExtrasOf,
}


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the directives known."""
    for name, directive in DIRECTIVES.items():
        app.add_directive(name, directive)
    app.connect("builder-inited", write_pages)
    app.connect("source-read", list_pages)
    app.connect("autodoc-process-docstring", bars)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
