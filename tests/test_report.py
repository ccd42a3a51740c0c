"""The page: one file that loads nothing, says everything it was given, and trusts no name."""

import base64
import io
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from reparam.errors import UserError
from reparam.report import Cell, Page, Picture, Section, Table, nats, render, write

HOSTILE = "</title></style></p><script>alert(1)</script>\" onerror='x' {{ 7 * 7 }} <img src=http://evil.example/a.png>"


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def png(width: int = 30, height: int = 20) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "red").save(file, "PNG")
    return file.getvalue()


def full_page(name: str = "plain") -> Page:
    picture = Picture(png(), f"caption {name}", f"alt {name}", f"reparam sample {name}", "a,b\n1,2\n")
    table = Table([f"run {name}", "nats"], [[name, Cell(nats(-101.834), strong=True)], ["b", None]], f"table {name}")
    section = Section(f"heading {name}", f"One `{name}` here.\n\nTwo.", [picture, picture], table)
    return Page(f"title {name}", f"subtitle {name}", [section, Section("second"), Section("third")], f"footer {name}")


class Reader(HTMLParser):
    """Collects the elements and the text of a page, as a browser would see them."""

    VOID = ("meta", "link", "img", "br")

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text = ""
        self.feed(html)
        assert not self.open, f"left open: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text += data

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


def test_the_page_says_all_it_was_given():
    page = Reader(render(full_page("vae-20")))
    words = ["title", "subtitle", "heading", "caption", "table", "run", "footer"]
    assert [word for word in words if f"{word} vae-20" not in page.text] == []
    assert "reparam sample vae-20" in page.text
    assert "−101.83" in page.text
    assert page.all("img")[0]["alt"] == "alt vae-20"


def test_every_address_is_within_the_file():
    html = render(full_page())
    page = Reader(html)
    addresses = [e[key] for _, e in page.elements for key in ("src", "href", "srcset", "data", "action") if key in e]
    assert len(addresses) > 6
    assert all(address.startswith(("data:", "#section-")) for address in addresses)
    assert not re.search(r"@import|url\(", html)
    assert "http" not in html.replace("http-equiv", "")
    ids = {e["id"] for _, e in page.elements if "id" in e}
    assert {a[1:] for a in addresses if a.startswith("#")} <= ids
    assert {e["aria-labelledby"] for _, e in page.elements if "aria-labelledby" in e} <= ids
    assert not page.all("script")
    assert [e["content"] for e in page.all("meta") if e.get("http-equiv")] == [
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    ]


def test_pictures_and_numbers_come_back_out_unchanged():
    page = Reader(render(full_page()))
    for image in page.all("img"):
        assert base64.b64decode(image["src"].removeprefix("data:image/png;base64,")) == png()
        assert (image["width"], image["height"]) == ("30", "20")
        assert image["alt"].strip()
    (link, other) = [a for a in page.all("a") if "download" in a]
    assert base64.b64decode(link["href"].partition("base64,")[2]) == b"a,b\n1,2\n"
    assert link["download"] != other["download"]


def test_names_are_text_whatever_they_hold():
    plain, hostile = Reader(render(full_page())), Reader(render(full_page(HOSTILE)))
    assert [tag for tag, _ in hostile.elements] == [tag for tag, _ in plain.elements]
    assert [sorted(e) for _, e in hostile.elements] == [sorted(e) for _, e in plain.elements]
    assert hostile.text.count(HOSTILE) >= 8, "and they are shown letter for letter"


def test_a_page_is_hardly_larger_than_its_pictures():
    bare = len(render(Page("a")).encode())
    assert bare < 10_000
    assert len(render(full_page()).encode()) < bare + 10_000


def test_optional_parts_leave_no_empty_elements():
    html = render(Page("only a title", sections=[Section("a", figures=[Picture(png(), "c", "alt")])]))
    page = Reader(html)
    assert not {"nav", "footer", "table", "code"} & {tag for tag, _ in page.elements}
    assert "None" not in html


def test_the_table_aligns_numbers_and_names_its_rows():
    rows = [["vae-20", nats(-101.8, 0.05), 5.25], ["autoencoder", None, "n. a."]]
    page = Reader(render(Page("t", sections=[Section("s", table=Table(["run", "nats", "other"], rows))])))
    assert [cell.get("class") for cell in page.all("th")[:3]] == [None, "number", None]
    assert [cell.get("scope") for cell in page.all("th")] == ["col"] * 3 + ["row"] * 2
    assert len(page.all("td")) == 4
    assert "−101.80 ± 0.05" in page.text
    assert "5.25" in page.text


def test_the_style_serves_the_dark_the_phone_and_the_printer():
    html = render(Page("a"))
    assert "prefers-color-scheme: dark" in html
    assert "@media print" in html
    assert "width=device-width" in html


def contrast(a: str, b: str) -> float:
    """WCAG 2.2's contrast of two colours."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted([luminance(a), luminance(b)])
    return (high + 0.05) / (low + 0.05)


def test_text_stands_out_in_every_scheme():
    schemes = re.findall(r":root \{(.*?)\}", render(Page("a")), re.DOTALL)
    assert len(schemes) == 3
    for scheme in schemes:
        colours = dict(re.findall(r"--(\w+): (#\w{6})", scheme))
        for ink in ("ink", "soft", "link"):
            for paper in ("paper", "panel"):
                assert contrast(colours[ink], colours[paper]) >= 4.5, (ink, paper, scheme)


def test_write_makes_one_whole_file(tmp_path):
    path = write(full_page(), tmp_path / "new" / "report.html")
    assert path.read_text(encoding="utf-8") == render(full_page())
    assert names_in(path.parent) == ["report.html"]


def test_a_failed_write_leaves_the_old_page_and_nothing_else(tmp_path, monkeypatch):
    path = write(Page("old"), tmp_path / "report.html")

    def fail(self, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(path), "replace", fail)
    with pytest.raises(UserError, match="No space left on device"):
        write(Page("new"), path)
    assert names_in(tmp_path) == ["report.html"]
    assert "old" in path.read_text(encoding="utf-8")


def test_a_missing_picture_is_named_and_no_page_is_written(tmp_path):
    with pytest.raises(UserError, match=r"nowhere\.png cannot be read: No such file"):
        write(Page("a", sections=[Section("s", figures=[Picture("nowhere.png", "c", "alt")])]), tmp_path / "a.html")
    assert names_in(tmp_path) == []


def test_what_is_not_png_is_refused(tmp_path):
    (tmp_path / "a.png").write_bytes(b"GIF89a" + bytes(30))
    with pytest.raises(UserError, match=r"a\.png cannot be put on the page: not a PNG"):
        render(Page("a", sections=[Section("s", figures=[Picture(tmp_path / "a.png", "c", "alt")])]))


def test_a_picture_from_a_file_is_embedded(tmp_path):
    (tmp_path / "a.png").write_bytes(png(7, 9))
    page = Reader(render(Page("a", sections=[Section("s", figures=[Picture(str(tmp_path / "a.png"), "c", "alt")])])))
    assert (page.all("img")[0]["width"], page.all("img")[0]["height"]) == ("7", "9")


def test_our_own_mistakes_are_caught_where_they_are_made():
    with pytest.raises(ValueError, match="alternative text"):
        Picture(png(), "caption", "  ")
    with pytest.raises(ValueError, match="does not fit 2 columns"):
        Table(["a", "b"], [[1]])
