"""The page: one file that loads nothing, says everything it was given, and trusts no name."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import pytest

from page_helpers import HOSTILE, explored_page, explorer, full_page, png, rich_page
from reparam.errors import UserError
from reparam.pages import Page, Picture, Section, Table, nats, render, write
from reparam.pages.chart import COLOURS


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


class Reader(HTMLParser):
    """Collects the elements and the text of a page, as a browser would see them."""

    VOID = ("meta", "link", "img", "br", "input")

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
    listed = [e["id"] for _, e in page.elements if "id" in e]
    ids = set(listed)
    assert len(ids) == len(listed)
    assert {a[1:] for a in addresses if a.startswith("#")} <= ids
    assert {e["aria-labelledby"] for _, e in page.elements if "aria-labelledby" in e} <= ids
    for attribute in ("popovertarget", "aria-describedby"):
        assert {e[attribute] for _, e in page.elements if attribute in e} <= ids


def test_a_page_with_nothing_to_do_has_no_script_and_allows_none():
    page = Reader(
        render(Page("a", sections=[Section("s", "Text.", [Picture(png(), "c", "alt")], [Table(["a"], [[1]])])]))
    )
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
    assert unquote(link["href"].removeprefix("data:text/csv;charset=utf-8,")) == "a,b\n1,2\n"
    assert [link["download"], other["download"]] == ["1-1-heading-plain.csv", "1-2-heading-plain.csv"]


def test_numbers_pass_through_an_address_whatever_they_hold():
    text = 'name,a & b\n"100 %, #1",1.5e-3\n<é>,−2\n'
    (link,) = [
        a
        for a in Reader(render(Page("a", sections=[Section("s", figures=[explorer(numbers_csv=text)])]))).all("a")
        if "download" in a
    ]
    assert unquote(link["href"].partition(",")[2]) == text
    assert not re.search(r"[\s#<>&\"']", link["href"])


def test_numbers_cost_the_page_little_more_than_their_text():
    text = "z1,z2,value\n" + "0.1234,-1.5,27\n" * 100
    picture = Picture(png(), "c", "alt", numbers_csv=text)
    assert len(picture.numbers) < 1.2 * len(text)


@pytest.mark.parametrize("make", [full_page, explored_page, rich_page])
def test_names_are_text_whatever_they_hold(make):
    plain, hostile = Reader(render(make())), Reader(render(make(HOSTILE)))
    assert [tag for tag, _ in hostile.elements] == [tag for tag, _ in plain.elements]
    assert [sorted(e) for _, e in hostile.elements] == [sorted(e) for _, e in plain.elements]
    assert hostile.text.count(HOSTILE) >= 8, "and they are shown letter for letter"


def test_a_page_is_hardly_larger_than_its_pictures():
    bare = len(render(Page("a")).encode())
    assert bare < 16_000, "the style of all that a page may hold: half a percent of a report"
    assert len(render(full_page()).encode()) < bare + 10_000


def test_optional_parts_leave_no_empty_elements():
    html = render(Page("only a title", sections=[Section("a", figures=[Picture(png(), "c", "alt")])]))
    page = Reader(html)
    assert not {"nav", "footer", "table", "code"} & {tag for tag, _ in page.elements}
    assert "None" not in html


def test_the_table_aligns_numbers_and_names_its_rows():
    rows = [["vae-20", nats(-101.8, 0.05), 5.25], ["autoencoder", None, "n. a."]]
    page = Reader(render(Page("t", sections=[Section("s", tables=[Table(["run", "nats", "other"], rows)])])))
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
        assert contrast(colours["warn"], colours["paper"]) >= 3


def test_the_models_colours_stand_out_and_are_as_many_as_it_is_counted_with():
    for scheme in re.findall(r":root \{(.*?)\}", render(Page("a")), re.DOTALL)[:2]:
        colours = dict(re.findall(r"--(\w+): (#\w{6})", scheme))
        own = [colours[name] for name in colours if re.fullmatch(r"c\d", name)]
        assert len(own) == len(set(own)) == COLOURS
        assert all(contrast(colour, colours["paper"]) >= 3 for colour in own), scheme


def test_the_one_script_is_there_for_the_maps_and_the_page_allows_no_other():
    html = render(explored_page())
    (script,) = re.findall(r"<script>(.*?)</script>", html, re.DOTALL)
    named = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert [e["content"] for e in Reader(html).all("meta") if e.get("http-equiv")] == [
        f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{named}'"
    ]
    assert "innerHTML" not in script
    assert html.startswith("<!doctype html>")


def test_the_map_tells_the_script_where_its_tiles_lie():
    page = Reader(render(explored_page()))
    maps = [figure for figure in page.all("figure") if figure.get("class") == "explorer"]
    assert len(maps) == 2
    assert maps[0]["data-x-texts"] == "−1.00 0.00 1.50"
    assert maps[0]["data-y-texts"] == "1.00 −0.50"
    assert [(e["type"], e["max"]) for e in page.all("input")] == [("range", "2"), ("range", "1")] * 2
    assert "x plain from −1.00 (left) to 1.50 (right), y plain from 1.00 (top) to −0.50 (bottom)." in page.text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"alt": " "}, "alternative text"),
        ({"columns": 4}, "x_values must be one for each of the columns: 3 given, columns=4"),
        ({"rows": 0, "y_values": []}, "y_values must be one for each of the rows"),
        ({"y_values": [1.0, float("nan")]}, "y_values must be finite"),
        ({"x_values": [0.0, 1.0, 0.5]}, "x_values must rise throughout or fall throughout"),
        ({"x_values": [0.0, 0.0, 0.0]}, "x_values must rise throughout or fall throughout"),
    ],
)
def test_a_map_without_a_place_for_each_tile_is_our_own_mistake(changes, message):
    with pytest.raises(ValueError, match=message):
        explorer(**changes)


def test_a_map_that_cannot_be_cut_into_equal_tiles_is_refused(tmp_path):
    (tmp_path / "map.png").write_bytes(png(30, 21))
    odd = explorer(sprite=tmp_path / "map.png")
    with pytest.raises(UserError, match=r"map\.png of 30 × 21 pixels cannot be cut into 2 × 3"):
        render(Page("a", sections=[Section("s", figures=[odd])]))


def test_a_map_may_be_a_single_tile():
    only = explorer(rows=1, columns=1, x_values=[0.5], y_values=[0.0])
    assert only.extent == "x plain from 0.50 (left) to 0.50 (right), y plain from 0.00 (top) to 0.00 (bottom)"


@pytest.mark.parametrize(("columns", "sideways"), [(8, False), (9, True)])
def test_many_columns_turn_the_paper(columns, sideways):
    table = Table([f"column {i}" for i in range(columns)], [[None] * columns])
    page = Reader(render(Page("a", sections=[Section("s", tables=[Table(["a"], []), table])])))
    assert (page.all("body")[0].get("class") == "wide") == sideways


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
