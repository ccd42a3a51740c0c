"""A page described as data, and its rendering as one self-contained HTML file."""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from reparam.files import MADE_BY, text, write_result
from reparam.pages.explorer import Explorer
from reparam.pages.numbers import is_numeric, number
from reparam.pages.picture import Picture

_UPRIGHT_COLUMNS = 8
"""How many columns of numbers a sheet of paper holds upright."""

Figure = Picture | Explorer
"""What a section shows."""


@dataclass(frozen=True)
class Cell:
    """A table's cell: text as it is, a number by :func:`reparam.pages.numbers.number`; ``strong`` for the best."""

    value: str | float | None
    strong: bool = False

    @property
    def text(self) -> str:
        """What is written."""
        return self.value if isinstance(self.value, str) else number(self.value)


@dataclass(frozen=True)
class Table:
    """A table; the first cell of each row names the row.

    Args:
        columns: the heads, with units.
        rows: as many cells each as there are columns: a :class:`Cell`, text, a number or None.
        caption: what the numbers are and how they were made.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[Cell | str | float | None]]
    caption: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"a row of {len(row)} cells does not fit {len(self.columns)} columns: {row}")

    @property
    def cells(self) -> list[list[Cell]]:
        """The rows, every cell a :class:`Cell`."""
        return [[cell if isinstance(cell, Cell) else Cell(cell) for cell in row] for row in self.rows]

    @property
    def numeric(self) -> list[bool]:
        """For each column whether all its cells read as numbers."""
        return [all(is_numeric(row[i].text) for row in self.cells) for i in range(len(self.columns))]


@dataclass(frozen=True)
class Section:
    """A heading with text, tables and figures, in this order.

    Args:
        heading: of the section.
        text: paragraphs, apart by an empty line; what stands between backticks is set as code.
        figures: the pictures, and the maps to explore.
        tables: the numbers.
    """

    heading: str
    text: str = ""
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()


@dataclass(frozen=True)
class Page:
    """A page: title, a line under it, sections, and a last line that says where it comes from."""

    title: str
    subtitle: str = ""
    sections: Sequence[Section] = ()
    footer: str = ""

    @property
    def wide(self) -> bool:
        """Whether a table is too wide for paper held upright."""
        return any(len(table.columns) > _UPRIGHT_COLUMNS for section in self.sections for table in section.tables)

    @property
    def explores(self) -> bool:
        """Whether there is an :class:`Explorer`, and so a script."""
        return any(isinstance(figure, Explorer) for section in self.sections for figure in section.figures)


def render(page: Page) -> str:
    """The page as HTML that loads nothing: pictures, numbers and style are inside.

    A script is there only for an :class:`Explorer`, one for all of them, and the page's Content-Security-Policy lets
    the browser run no other. All text is escaped: a run, a class or a column may be named anything.

    Raises:
        UserError: where a picture cannot be read, is not PNG, or is no grid of equal tiles where it should be.
    """
    script = _script() if page.explores else None
    return _template().render(page=page, made_by=MADE_BY, script=script, script_hash=script and _hash(script))


def write(page: Page, path: str | Path, force: bool = False) -> Path:
    """Render the page into a file, whole or not at all; folders on the way are made.

    Args:
        page: what it says and shows.
        path: of the file.
        force: replace a file that is there already, whoever made it; else only what reparam made.

    Raises:
        UserError: as :func:`render`, where a file of somebody else's is there, and where the file system refuses.
    """
    path = Path(path)
    write_result(path, text(render(page)), force)
    return path


@cache
def _script() -> Markup:
    """The explorers' script, from beside this file."""
    return Markup(Path(__file__).with_name("explorer.js").read_text(encoding="utf-8"))


def _hash(script: str) -> str:
    """A script's name in a Content-Security-Policy."""
    return f"sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}"


@cache
def _template() -> Template:
    """The page's template, which lies beside this file with its style."""
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"prose": prose, "slug": slug}
    environment.tests["explorer"] = lambda figure: isinstance(figure, Explorer)
    return environment.get_template("page.html")


def prose(text: str) -> Markup:
    """Text as escaped HTML paragraphs, with code between backticks.

    >>> print(prose("A `<b>` & more."))
    <p>A <code>&lt;b&gt;</code> &amp; more.</p>
    """
    paragraphs = [part.strip() for part in re.split(r"\n\s*\n", text) if part.strip()]
    # The escaped text holds no backtick of ours, so the pattern only ever wraps what the writer marked.
    coded = [re.sub(r"`([^`]+)`", r"<code>\1</code>", str(escape(part))) for part in paragraphs]
    return Markup("\n".join(f"<p>{part}</p>" for part in coded))


def slug(text: str) -> str:
    """Text as part of a file's name on any system.

    >>> slug("The latent plane: z1 & z2"), slug("?")
    ('the-latent-plane-z1-z2', 'section')
    """
    return re.sub(r"[^a-z0-9]+", "-", text.lower())[:48].strip("-") or "section"
