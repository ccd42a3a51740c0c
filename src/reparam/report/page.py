"""A page described as data, and its rendering as one self-contained HTML file."""

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup, escape

from reparam.errors import UserError
from reparam.files import replace_atomically
from reparam.report.numbers import is_numeric, number

_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Picture:
    """A picture with what it shows and the command that makes it alone.

    Args:
        image: PNG bytes, or the path of a PNG file, read when the page is rendered.
        caption: what one sees.
        alt: the same for those who do not see it; not empty.
        command: what to type to make this picture alone.
        numbers_csv: the numbers behind the picture as CSV text, kept in the page under a link.
    """

    image: bytes | str | Path
    caption: str
    alt: str
    command: str | None = None
    numbers_csv: str | None = None

    def __post_init__(self) -> None:
        if not self.alt.strip():
            raise ValueError("a picture needs an alternative text that says what it shows")

    @property
    def png(self) -> bytes:
        """The picture's file.

        Raises:
            UserError: where it cannot be read or is not PNG.
        """
        data = self.image if isinstance(self.image, bytes) else _read(Path(self.image))
        if not data.startswith(_PNG) or len(data) < 24:
            what = "The bytes given" if isinstance(self.image, bytes) else str(self.image)
            raise UserError(f"{what} cannot be put on the page: not a PNG picture.")
        return data

    @property
    def source(self) -> str:
        """The picture as a ``data:`` address."""
        return _address("image/png", self.png)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, from the file's head, so that the page need not jump while it loads."""
        head = self.png[16:24]
        return int.from_bytes(head[:4], "big"), int.from_bytes(head[4:], "big")

    @property
    def numbers(self) -> str | None:
        """The CSV text as a ``data:`` address."""
        return None if self.numbers_csv is None else _address("text/csv;charset=utf-8", self.numbers_csv.encode())


@dataclass(frozen=True)
class Cell:
    """A table's cell: text as it is, a number by :func:`reparam.report.numbers.number`; ``strong`` for the best."""

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
    """A heading with text, a table and pictures, in this order.

    Args:
        heading: of the section.
        text: paragraphs, apart by an empty line; what stands between backticks is set as code.
        figures: the pictures.
        table: the numbers.
    """

    heading: str
    text: str = ""
    figures: Sequence[Picture] = ()
    table: Table | None = None


@dataclass(frozen=True)
class Page:
    """A page: title, a line under it, sections, and a last line that says where it comes from."""

    title: str
    subtitle: str = ""
    sections: Sequence[Section] = ()
    footer: str = ""


def render(page: Page) -> str:
    """The page as HTML that loads nothing: pictures, numbers and style are inside, and there are no scripts.

    All text is escaped: a run, a class or a column may be named anything.

    Raises:
        UserError: where a picture cannot be read or is not PNG.
    """
    return _template().render(page=page)


def write(page: Page, path: str | Path) -> Path:
    """Render the page into a file, whole or not at all; folders on the way are made.

    Raises:
        UserError: as :func:`render`, and where the file system refuses.
    """
    path = Path(path)
    html = render(page)
    replace_atomically(path, lambda beside: beside.write_text(html, encoding="utf-8", errors="replace"))
    return path


@cache
def _template() -> Template:
    """The page's template, which lies beside this file with its style."""
    loader = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["prose"] = prose
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


def _read(path: Path) -> bytes:
    """A file's bytes, or the sentence that says why not."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"The picture {path} cannot be read: {error.strerror or error}.") from error


def _address(kind: str, data: bytes) -> str:
    """``data`` as an address that holds it all."""
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"
