"""Pages to render, plain and hostile."""

import io
from dataclasses import replace

from PIL import Image

from reparam.pages import Cell, Explorer, Page, Picture, Section, Table, nats

HOSTILE = "</title></style></p><script>alert(1)</script>\" onerror='x' {{ 7 * 7 }} <img src=http://evil.example/a.png>"


def png(width: int = 30, height: int = 20) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(file, "PNG")
    return file.getvalue()


def full_page(name: str = "plain") -> Page:
    picture = Picture(png(), f"caption {name}", f"alt {name}", f"reparam sample {name}", "a,b\n1,2\n")
    table = Table([f"run {name}", "nats"], [[name, Cell(nats(-101.834), strong=True)], ["b", None]], f"table {name}")
    section = Section(f"heading {name}", f"One `{name}` here.\n\nTwo.", [picture, picture], [table, table])
    return Page(f"title {name}", f"subtitle {name}", [section, Section("second"), Section("third")], f"footer {name}")


def explorer(name: str = "plain", **changes) -> Explorer:
    """A map of 2 rows and 3 columns."""
    given = {"x_values": [-1.0, 0.0, 1.5], "y_values": [1.0, -0.5], "x_label": f"x {name}", "y_label": f"y {name}"}
    texts = {"caption": f"caption {name}", "alt": f"alt {name}", "command": name, "numbers_csv": f"{name},1\n"}
    return Explorer(**{"sprite": png(), "rows": 2, "columns": 3} | given | texts | changes)


def explored_page(name: str = "plain") -> Page:
    """A page with two maps, in two sections."""
    page = full_page(name)
    return replace(page, sections=[*page.sections, *(Section(f"{i} {name}", figures=[explorer(name)]) for i in "ab")])
