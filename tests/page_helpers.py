"""Pages to render, plain and hostile."""

import io
from dataclasses import replace

from PIL import Image

from reparam.pages import (
    Cell,
    Chart,
    Entry,
    Explorer,
    Gauge,
    More,
    Overview,
    Page,
    Picture,
    Reading,
    Section,
    Series,
    Table,
    nats,
)

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


def overview(name: str = "plain") -> Overview:
    """Two models and real examples on two gauges."""
    gauges = [
        Gauge(f"distance {name}", 0, 200, "low", 10.0, f"note {name}"),
        Gauge("recall", 0, 1, "high", None, "What it is."),
    ]
    strip = Picture(png(160, 40), f"strip {name}", f"samples {name}")
    entries = [
        Entry("real", [Reading(10.0, "10"), Reading(None, "–")], strip),
        Entry(
            name, [Reading(50.0, "50 ± 10", 10.0, (40.0, 60.0), True), Reading(0.5, "0.500")], strip, f"1 s {name}", 0
        ),
        Entry("b", [Reading(400.0, "400 ± 5", 5.0), Reading(0.1, "0.100", 0.2)], strip, "2 s", 9),
    ]
    return Overview(gauges, entries, f"overview {name}")


def chart(name: str = "plain") -> Chart:
    """Two curves that share places, one of them with a gap, far below at its start."""
    series = [
        Series(name, [0.0, 1.0, 2.0, 3.0, 4.0], [-500.0, -120.0, float("nan"), -105.0, -101.25], 0),
        Series("b", [0.0, 1.0, 2.0], [-510.0, -130.0, -125.5], 1),
    ]
    return Chart(series, f"caption {name}", f"alt {name}", "epochs", f"bound {name}", "epoch", name, f"{name},1\n")


def rich_page(name: str = "plain") -> Page:
    """A page with all that a report has."""
    rows = [
        ["b", Cell("12.0 ± 1", strong=True), "words"],
        ["a", "−3.5", None],
        [name, None, "1 min"],
        ["floor", "0", "z"],
    ]
    table = Table(["model", f"head {name}", "other"], rows, "A table.", {f"head {name}": f"note of {name}"}, last=1)
    first = Section("First", notices=[f"notice {name}"], overview=overview(name), more=[More(f"more {name}", name)])
    sections = [
        first,
        Section("Curves", figures=[chart(name), chart("twin")], folds="open"),
        Section("Numbers", tables=[table], folds="open"),
        Section(f"Folded {name}", name, [explorer(name)], folds="closed"),
    ]
    return Page(f"title {name}", "subtitle", sections, "footer")
