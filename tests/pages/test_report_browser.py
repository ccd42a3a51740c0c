"""What a report does in a real browser: tables sort, curves tell their numbers, sections fold, notes open."""

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page as Tab

from browser_helpers import NEEDS_CHROMIUM
from page_helpers import HOSTILE, rich_page

pytestmark = NEEDS_CHROMIUM


@pytest.fixture
def tab(visit) -> Iterator[Tab]:
    """A page with everything, which goes through the test without a complaint."""
    visited = visit(rich_page())
    yield visited.tab
    assert visited.complaints == []
    assert visited.foreign == []


def names(tab: Tab) -> list[str]:
    return tab.locator("table.sortable tbody th").all_inner_texts()


def test_a_press_on_a_head_sorts_and_another_turns_it_round(tab):
    head = tab.get_by_role("button", name="head plain", exact=True)
    assert names(tab) == ["b", "a", "plain", "floor"]
    head.click()
    assert names(tab) == ["a", "b", "plain", "floor"], "what has no number comes last, and the floor stays below"
    head.click()
    assert names(tab) == ["b", "a", "plain", "floor"]
    column = tab.get_by_role("columnheader", name="head plain")
    assert column.get_attribute("aria-sort") == "descending"


def test_the_keyboard_sorts_too_and_words_go_by_the_alphabet(tab):
    head = tab.get_by_role("button", name="model", exact=True)
    head.focus()
    tab.keyboard.press("Enter")
    assert names(tab) == ["a", "b", "plain", "floor"]
    tab.keyboard.press("Space")
    assert names(tab) == ["plain", "b", "a", "floor"]
    assert tab.locator("[aria-sort]").count() == 1


def test_a_chart_tells_the_numbers_under_the_pointer(tab):
    figure = tab.locator(".chart.live").first
    plot, output = figure.locator(".plot"), figure.locator("output")
    assert output.inner_text() == "epoch 4: plain −101.25"
    plot.scroll_into_view_if_needed()
    frame = plot.bounding_box()
    tab.mouse.move(frame["x"] + 0.26 * frame["width"], frame["y"] + 9)
    assert output.inner_text() == "epoch 1: plain −120; b −130"
    rule = figure.locator(".rule").bounding_box()
    assert rule["x"] == pytest.approx(frame["x"] + frame["width"] / 4, abs=3)


def test_the_slider_tells_them_to_the_keyboard(tab):
    figure = tab.locator(".chart").nth(1)
    slider, output = figure.get_by_role("slider"), figure.locator("output")
    slider.press("Home")
    assert output.inner_text() == "epoch 0: twin −500; b −510"
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    assert "b −125.5" in output.inner_text()
    assert slider.get_attribute("aria-valuetext") == output.inner_text()
    assert tab.locator(".chart output").first.inner_text().startswith("epoch 4"), "charts are independent"


def test_a_note_opens_beside_its_mark_and_escape_closes_it(tab):
    mark = tab.get_by_role("button", name="What is: head plain")
    note = tab.locator(".note", has_text="note of plain")
    assert not note.is_visible()
    mark.press("Enter")
    assert note.is_visible()
    at, beside = note.bounding_box(), mark.bounding_box()
    assert abs(at["y"] - beside["y"]) < at["height"] + 60
    assert at["x"] >= 0
    tab.keyboard.press("Escape")
    assert not note.is_visible()


def test_sections_fold_and_a_link_opens_what_is_folded(tab):
    folded = tab.locator("#section-4 details")
    assert folded.get_attribute("open") is None
    tab.get_by_text("Contents").click()
    tab.get_by_role("link", name="Folded plain").click()
    assert folded.get_attribute("open") is not None
    curves = tab.locator("#section-2 summary")
    curves.press("Enter")
    assert not tab.locator(".chart").first.is_visible()


def test_on_paper_everything_is_open_and_fits(tab):
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    tab.emulate_media(media="print")
    tab.set_viewport_size({"width": 680, "height": 900})
    assert tab.get_by_text("more plain").is_visible()
    assert tab.locator(".explorer img").is_visible()
    assert tab.locator(".note").first.is_visible(), "where nobody can press a mark, the notes stand below"
    assert not tab.locator(".mark, .scrub").first.is_visible()
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert tab.locator("#section-4 details").get_attribute("open") is None


def test_without_scripts_it_is_all_there_to_be_read(visit):
    tab = visit(rich_page(), java_script_enabled=False).tab
    assert names(tab) == ["b", "a", "plain", "floor"]
    assert tab.locator(".chart polyline").count() == 6
    assert not tab.locator(".scrub").first.is_visible()
    assert not tab.get_by_role("button", name="head plain", exact=True).count()


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (800, "light"), (1200, "dark"), (1600, "light")])
def test_it_is_accessible_and_fits(visit, scheme, width):
    tab = visit(rich_page(), color_scheme=scheme, viewport={"width": width, "height": 800}).tab
    tab.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    report = Axe().run(tab)
    assert report.violations_count == 0, report.generate_report()
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    rows = tab.locator(".overview tbody tr").all()
    assert [row.locator("img").is_visible() for row in rows] == [True] * 3
    assert tab.get_by_role("cell", name="50 ± 10").count() == 1, "a table to whoever cannot see it, at every width"


def test_hostile_names_run_nothing(visit):
    visited = visit(rich_page(HOSTILE))
    visited.tab.get_by_role("button", name="model", exact=True).click()
    assert HOSTILE in visited.tab.locator(".chart output").first.inner_text()
    assert visited.complaints == []
    assert visited.tab.locator("script").count() == 1
