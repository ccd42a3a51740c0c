"""The page in a real browser: it works alone, for pointer and keyboard, in light, dark, on a phone and on paper."""

import io
import re
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Locator

from browser_helpers import NEEDS_CHROMIUM, Visit, live_maps, slider
from page_helpers import HOSTILE, explored_page, png
from reparam.pages import Explorer, Page, Picture, Section, Table, nats, render

pytestmark = NEEDS_CHROMIUM

ROWS, COLUMNS, TILE = 3, 4, (10, 14)
X, Y = [-1.28, -0.5, 0.5, 1.28], [1.0, 0.0, -1.0]

# What both A4 and Letter hold within margins of 15 mm, in the browser's pixels (96 an inch).
SHORT, LONG = (round(mm / 25.4 * 96) for mm in (210 - 30, 279.4 - 30))


def grey(column: int, row: int, offset: int = 0) -> int:
    return offset + 10 * (row * COLUMNS + column)


def sprite(offset: int = 0, tile: tuple[int, int] = TILE) -> bytes:
    """A map each of whose tiles has a grey of its own."""
    small = Image.new("L", (COLUMNS, ROWS))
    small.putdata([grey(c, r, offset) for r in range(ROWS) for c in range(COLUMNS)])
    file = io.BytesIO()
    small.resize((tile[0] * COLUMNS, tile[1] * ROWS), Image.Resampling.NEAREST).save(file, "PNG")
    return file.getvalue()


def explorer(offset: int = 0, tile: tuple[int, int] = TILE, **changes) -> Explorer:
    given = {"rows": ROWS, "columns": COLUMNS, "x_values": X, "y_values": Y, "caption": "A map.", "alt": "Greys."}
    given |= {"command": "reparam manifold run", "numbers_csv": "a\n1\n"}
    return Explorer(sprite(offset, tile), **given | changes)


def sample_page() -> Page:
    """Tables, narrow and wide, pictures, and two maps."""
    narrow = Table(["run", "nats"], [["vae-20", nats(-101.834, 0.05)], ["autoencoder", None]], "What was reached")
    wide = Table(
        ["model", *(f"measure {i} (nats)" for i in range(16))],
        [[name, *(nats(-100.0 - i, 0.05) for i in range(16))] for name in ("vae-20", "importance-weighted-50")],
    )
    caption = "A tall picture with a long caption. " * 15
    picture = Picture(png(900, 1600), caption, "Red.", "reparam sample run", "a,b\n1,2\n")
    return Page(
        "A report",
        "what it is about",
        [
            Section("Numbers", "Measured in `nats`.", tables=[narrow, wide, wide]),
            Section("Plane", "Point at it.", [explorer(), picture]),
            Section("Other plane", "", [explorer(offset=100, tile=(250, 350), x_label="u")]),
        ],
        "made by a test",
    )


@pytest.fixture
def maps(visit) -> Iterator[list[Locator]]:
    """The two live maps of the sample page, which goes through the test without a complaint."""
    visited = visit(sample_page())
    yield live_maps(visited)
    assert visited.complaints == []


def shown(figure: Locator) -> tuple[set[int], str]:
    """All the greys of the large tile, and the words beside it."""
    greys = figure.locator("canvas").evaluate(
        """canvas => {
            const copy = canvas.cloneNode().getContext("2d"); // the page's own canvas is not made for reading
            copy.drawImage(canvas, 0, 0);
            const { data } = copy.getImageData(0, 0, canvas.width, canvas.height);
            return [...new Set(data.filter((_, i) => i % 4 == 0))]; // red, of red, green, blue and alpha
        }"""
    )
    return set(greys), figure.locator("output").inner_text()


def expected(column: int, row: int, offset: int = 0, label: str = "z1") -> tuple[set[int], str]:
    """What is shown where the map is pointed at."""
    texts = [f"{value:.2f}".replace("-", "−") for value in (X[column], Y[row])]
    return {grey(column, row, offset)}, f"{label} = {texts[0]}, z2 = {texts[1]}"


def centre(figure: Locator, column: int, row: int) -> tuple[float, float]:
    """Where in the window a tile of the map lies."""
    figure.locator(".map img").scroll_into_view_if_needed()
    frame = figure.locator(".map img").bounding_box()
    across, down = (column + 0.5) / COLUMNS, (row + 0.5) / ROWS
    return frame["x"] + across * frame["width"], frame["y"] + down * frame["height"]


def test_the_page_opens_from_a_file_and_asks_for_nothing(visit):
    visited = visit(sample_page())
    live_maps(visited)
    loaded = "images => images.every(image => image.complete && image.naturalWidth > 0 && image.alt)"
    assert visited.tab.locator("img").evaluate_all(loaded)
    assert visited.complaints == []
    assert visited.requests[0].startswith("file://")
    assert visited.foreign == []


@pytest.mark.parametrize(("column", "row"), [(0, 0), (3, 0), (1, 2), (2, 1)])
def test_the_pointer_chooses_the_tile(maps, column, row):
    figure = maps[0]
    figure.page.mouse.move(*centre(figure, column, row))
    assert shown(figure) == expected(column, row)
    box, (x, y) = figure.locator(".box").bounding_box(), centre(figure, column, row)
    assert (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2) == pytest.approx((x, y), abs=1)


def test_a_tap_chooses_the_tile(visit):
    figure = live_maps(visit(sample_page(), has_touch=True, viewport={"width": 390, "height": 800}))[1]
    figure.page.touchscreen.tap(*centre(figure, 0, 2))
    assert shown(figure) == expected(0, 2, 100, "u")


def test_a_press_that_moves_explores_and_does_not_carry_the_picture_away(maps):
    mouse = maps[0].page.mouse
    mouse.move(*centre(maps[0], 1, 1))
    mouse.down()
    mouse.move(*centre(maps[0], 2, 1))
    mouse.move(*centre(maps[0], 3, 0), steps=5)
    mouse.up()
    assert shown(maps[0]) == expected(3, 0)


def test_a_finger_explores_and_stays_on_the_map_beyond_its_edge(visit):
    figure = live_maps(visit(sample_page(), has_touch=True, viewport={"width": 390, "height": 800}))[1]
    finger = figure.page.context.new_cdp_session(figure.page)
    for kind, column, row in [("touchStart", 1, 1), ("touchMove", 1, 0), ("touchMove", 2, -0.6), ("touchEnd", 0, 0)]:
        x, y = centre(figure, column, row)
        points = [] if kind == "touchEnd" else [{"x": x, "y": y}]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})
    assert shown(figure) == expected(2, 0, 100, "u")


def test_the_keyboard_chooses_the_tile_and_up_is_more(maps):
    figure = maps[0]
    across, up = slider(figure, "z1"), slider(figure, "z2")
    across.press("Home")
    up.press("Home")
    assert shown(figure) == expected(0, 2)
    across.press("ArrowRight")
    assert shown(figure) == expected(1, 2)
    up.press("ArrowUp")
    assert shown(figure) == expected(1, 1)
    up.press("End")
    across.press("End")
    assert shown(figure) == expected(3, 0)
    assert (across.get_attribute("aria-valuetext"), up.get_attribute("aria-valuetext")) == ("1.28", "1.00")
    assert figure.locator("canvas").get_attribute("aria-label") == "The tile at z1 = 1.28, z2 = 1.00"


def test_the_sliders_are_reached_by_the_tabulator(maps):
    figure = maps[0]
    slider(figure, "z1").focus()
    figure.page.keyboard.press("Tab")
    figure.page.keyboard.press("Home")
    assert shown(figure)[1].endswith("z2 = −1.00")


def test_the_sliders_start_where_the_pointer_left(maps):
    figure = maps[0]
    figure.page.mouse.move(*centre(figure, 1, 2))
    slider(figure, "z1").press("ArrowRight")
    assert shown(figure) == expected(2, 2)


def test_maps_are_independent(maps):
    first, second = maps
    before = shown(second)
    first.page.mouse.move(*centre(first, 0, 0))
    assert shown(second) == before
    slider(second, "u").press("Home")
    slider(second, "z2").press("Home")
    assert shown(first) == expected(0, 0)
    assert shown(second) == expected(0, 2, 100, "u")


def test_an_axis_may_run_either_way(visit):
    turned = explorer(x_values=X[::-1], y_values=Y[::-1])
    (figure,) = live_maps(visit(Page("a", sections=[Section("s", figures=[turned])])))
    for label in ("z1", "z2"):
        slider(figure, label).press("End")
    assert shown(figure) == ({grey(0, 2)}, "z1 = 1.28, z2 = 1.00")


def test_the_script_leaves_no_name_behind(visit):
    names = "Object.getOwnPropertyNames(window).sort()"
    plain, explored = visit(Page("a")), visit(sample_page())
    live_maps(explored)
    assert explored.tab.evaluate(names) == plain.tab.evaluate(names)


def test_without_scripts_the_map_is_a_picture(visit):
    tab = visit(sample_page(), java_script_enabled=False).tab
    figure = tab.locator(".explorer").first
    assert figure.locator("img").is_visible()
    assert figure.get_by_text("A map.").is_visible()
    assert "z1 from −1.28 (left) to 1.28 (right)" in figure.inner_text()
    assert not any(part.is_visible() for part in figure.locator(".box, canvas, output, label").all())
    assert figure.locator("img").bounding_box()["width"] == TILE[0] * COLUMNS


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1200])
def test_the_page_is_accessible_and_fits(visit, scheme, width):
    visited = visit(sample_page(), color_scheme=scheme, viewport={"width": width, "height": 800})
    live_maps(visited)
    report = Axe().run(visited.tab)
    assert report.violations_count == 0, report.generate_report()
    assert len(report.response["passes"]) > 20, "axe had something to look at"
    assert visited.tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


def print_page(visited: Visit, width: int) -> None:
    """What the browser lays out on paper whose margins leave this width."""
    visited.tab.set_viewport_size({"width": width, "height": 800})
    visited.tab.emulate_media(media="print")


@pytest.mark.parametrize("sideways", [False, True])
def test_figures_and_tables_are_whole_on_paper(visit, sideways):
    page = sample_page()
    page = page if sideways else Page(page.title, page.subtitle, page.sections[1:], page.footer)
    visited = visit(page)
    live_maps(visited)
    width, height = (LONG, SHORT) if sideways else (SHORT, LONG)
    print_page(visited, width)
    assert [image.is_visible() for image in visited.tab.locator("img").all()] == [True] * 3
    assert not any(part.is_visible() for part in visited.tab.locator(".box, canvas, output, label").all())
    for block in visited.tab.locator("figure, table").all():
        frame = block.bounding_box()
        assert frame["height"] <= height
        assert frame["x"] + frame["width"] <= width
    assert visited.tab.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize("sideways", [False, True])
def test_the_paper_turns_for_many_columns(visit, sideways):
    page = sample_page()
    pdf = visit(page if sideways else Page("a", sections=page.sections[1:])).tab.pdf()
    sheets = [[float(side) for side in box.split()] for box in re.findall(rb"/MediaBox \[([\d. ]+)\]", pdf)]
    assert len(sheets) >= 2
    assert [(width > height) for _, _, width, height in sheets] == [sideways] * len(sheets)


def test_a_hostile_page_runs_nothing(visit):
    visited = visit(explored_page(HOSTILE))
    live_maps(visited)
    assert visited.complaints == []
    assert visited.tab.title() == f"title {HOSTILE}"
    assert visited.tab.locator("script").count() == 1
    assert visited.tab.locator("[onerror], img[src^=http]").count() == 0
    assert HOSTILE in visited.tab.locator("output").first.inner_text()


def test_the_browser_refuses_what_would_slip_through(visit):
    """Were a name not escaped, the page's own policy still stops the script and the picture from elsewhere."""
    slipped = "<script>document.title = 'run'</script><img src='data:,' onerror='document.title = 1'>"
    slipped += "<img src='http://evil.example/a.png' alt=''><script src='http://evil.example/a.js'></script>"
    visited = visit(render(explored_page()).replace("<header>", f"<header>{slipped}"))
    live_maps(visited)
    assert visited.tab.title() == "title plain"
    assert visited.refused == ["http://evil.example/a.png", "http://evil.example/a.js"]
    assert len([text for text in visited.complaints if "Content Security Policy" in text]) == 4
