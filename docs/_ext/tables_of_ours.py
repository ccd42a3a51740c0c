"""What the site has and plain Markdown has not: the API's pages, and what comments in the Markdown ask for.

That are contents, cards made of a list of links, and other files' text in the place of a link to them.

What else is made stands in the Markdown: scripts/make_pages.py.
"""

import re
from pathlib import Path

from sphinx.application import Sphinx
from words import MODULES, api_page, escaped

CONTENTS = re.compile(r"^<!-- contents\n((?::\w+:.*\n)*)((?:.*\n)*?)-->$", re.MULTILINE)
CARDS = re.compile(r"^<!-- cards -->\n((?:- \[.+\n)+)", re.MULTILINE)
CARD = re.compile(r"- \[(.+?)\]\((.+?)(?:\.md)?\): (.+)\n")
INCLUDED = re.compile(r"^<!-- include (.+\n(?:.+\n)*)-->\n(?:.*\n)*?<!-- end -->$", re.MULTILINE)
BUILT = {"gallery/examples": "gallery/built/index"}
"""Where the site has a page of what is a folder in the repository."""
DAY = re.compile(r"\| (\d{4}-\d\d-\d\d) \|")
SOURCE = re.compile(r"\]\((?:\.\./)+src/(reparam[\w/]*?)(?:/__init__)?\.py\)")


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


def card(match: re.Match[str]) -> str:
    """A line of a list as a card, all of which leads to where its link does."""
    title, place, text = match.groups()
    return f":::{{grid-item-card}} {title}\n:link: {BUILT.get(place, place)}\n:link-type: doc\n{text}\n:::\n"


def grown(text: str) -> str:
    """Markdown that a forge can show, as the site reads it."""
    text = CONTENTS.sub("```{toctree}\n:hidden:\n\\1\n\\2```", text)
    text = CARDS.sub(lambda match: f"::::{{grid}} 1 2 3 3\n:gutter: 3\n\n{CARD.sub(card, match[1])}::::\n", text)
    return INCLUDED.sub(r"```{include} \1```", text)


def list_pages(app: Sphinx, page: str, source: list[str]) -> None:
    """Read a page for the site: its contents are listed, and where the source of a module is shown, its page is."""
    text = grown(source[0])
    text = DAY.sub(r"| [\1]{.day} |", text)
    text = SOURCE.sub(lambda match: f"](/api/built/{match[1].replace('/', '.')})", text)
    lines, folder = text.splitlines(), Path(app.srcdir)
    for i, line in enumerate(lines):
        if line.startswith("%pages: "):
            # a page put into a folder is in its contents, behind those that are listed by name, without a line more
            app.env.note_reread()  # a page may come while this one stays as it is
            found = {path.relative_to(folder).with_suffix("").as_posix() for path in folder.glob(line[8:])}
            listed = {other.removeprefix("/") for other in lines} | {page, "index"}
            lines[i] = "\n".join(f"/{name}" for name in sorted(found - listed) if name in app.env.found_docs)
    source[0] = "\n".join(lines) + "\n"


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx when each is asked."""
    app.connect("builder-inited", write_pages)
    app.connect("source-read", list_pages)
    app.connect("autodoc-process-docstring", bars)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
