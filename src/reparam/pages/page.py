"""A page described as data, and its rendering as one self-contained HTML file."""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from reparam.files import MADE_BY, text, write_result
from reparam.pages.chart import COLOURS, Chart
from reparam.pages.explorer import Explorer
from reparam.pages.overview import Overview
from reparam.pages.picture import Picture
from reparam.pages.playground import Playground
from reparam.pages.table import Table

_UPRIGHT_COLUMNS = 8
"""How many columns of numbers a sheet of paper holds upright."""

Figure = Picture | Explorer | Chart | Playground
"""What a section shows."""


@dataclass(frozen=True)
class More:
    """Text that is folded until it is asked for, under its own line."""

    heading: str
    text: str


@dataclass(frozen=True)
class Section:
    """A heading with notices, an overview, text, tables and figures, in this order.

    Args:
        heading: of the section.
        text: paragraphs, apart by an empty line; what stands between backticks is set as code.
        figures: the pictures, the charts, and the maps to explore.
        tables: the numbers.
        notices: what has to be known before anything is read, a paragraph each.
        overview: what one looks at first.
        more: text to be unfolded, below the other.
        folds: whether the reader can fold it; ``closed``: it is, until it is asked for.
    """

    heading: str
    text: str = ""
    figures: Sequence[Figure] = ()
    tables: Sequence[Table] = ()
    notices: Sequence[str] = ()
    overview: Overview | None = None
    more: Sequence[More] = ()
    folds: Literal["never", "open", "closed"] = "never"


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
    def _figures(self) -> list[Figure]:
        return [figure for section in self.sections for figure in section.figures]

    @property
    def plays(self) -> bool:
        """Whether a model is in it."""
        return any(isinstance(figure, Playground) for figure in self._figures)

    @property
    def scripts(self) -> tuple[str, ...]:
        """The names of the scripts that it has anything to do for."""
        figures = self._figures
        tables = [table for section in self.sections for table in section.tables]
        noted = any(section.overview and any(g.note for g in section.overview.gauges) for section in self.sections)
        folded = any(section.folds != "never" or section.more for section in self.sections)
        wanted = {
            "explorer.js": any(isinstance(figure, Explorer) for figure in figures),
            "engine.js": self.plays,
            "playground.js": self.plays,
            "chart.js": any(isinstance(figure, Chart) for figure in figures),
            "table.js": any(table.sorts for table in tables),
            "fold.js": folded or noted or any(table.notes for table in tables),
        }
        return tuple(name for name, needed in wanted.items() if needed)


def render(page: Page) -> str:
    """The page as HTML that loads nothing: pictures, numbers and style are inside.

    A script is there only where a part of the page has something to do, one for all of them, and the page's
    Content-Security-Policy lets the browser run no other. All text is escaped: a run, a class or a column may be named
    anything.

    Raises:
        UserError: where a picture cannot be read, is not PNG, or is no grid of equal tiles where it should be.
    """
    script = _script(page.scripts) if page.scripts else None
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
def _script(names: tuple[str, ...]) -> Markup:
    """Some of the scripts beside this file, as one."""
    return Markup("".join(Path(__file__).with_name(name).read_text(encoding="utf-8") for name in names))


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
    environment.filters |= {"prose": prose, "slug": slug, "colour": lambda number: number % COLOURS}
    environment.tests["explorer"] = lambda figure: isinstance(figure, Explorer)
    environment.tests["playground"] = lambda figure: isinstance(figure, Playground)
    environment.tests["chart"] = lambda figure: isinstance(figure, Chart)
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
