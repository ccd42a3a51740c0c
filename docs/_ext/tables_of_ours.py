"""The API's pages, made when the site is built; what else is made stands in the Markdown: scripts/make_pages.py."""

from pathlib import Path

from docutils import nodes
from docutils.parsers.rst import Directive
from docutils.statemachine import StringList
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective
from words import MODULES, api_page, escaped, modules_page


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


class ModulesOf(FromMarkdown):
    """Every public module and what it is for."""

    def text(self) -> str:
        """From their docstrings."""
        return modules_page()


def write_pages(app: Sphinx) -> None:
    """A page for each public module, before any is read."""
    folder = Path(app.srcdir)
    pages = {f"api/built/{name}.rst": api_page(name) for name in MODULES}
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
    "modules": ModulesOf,
}


def setup(app: Sphinx) -> dict[str, bool]:
    """Make the directives known."""
    for name, directive in DIRECTIVES.items():
        app.add_directive(name, directive)
    app.connect("builder-inited", write_pages)
    app.connect("source-read", list_pages)
    app.connect("autodoc-process-docstring", bars)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
