"""The report of a real comparison in a real browser."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from browser_helpers import NEEDS_CHROMIUM, live_maps, slider

pytestmark = NEEDS_CHROMIUM


@pytest.mark.slow
@pytest.mark.parametrize(("scheme", "width"), [("light", 1200), ("dark", 390)])
def test_the_report_is_accessible_fits_and_its_plane_reacts(compared, visit, scheme, width):
    assert (compared / "report.html").stat().st_size < 5_000_000  # with the models that it holds
    visited = visit(
        (compared / "report.html").read_text(), color_scheme=scheme, viewport={"width": width, "height": 800}
    )
    (plane,) = live_maps(visited)
    before = plane.locator("output").inner_text()
    slider(plane, "z1").press("ArrowRight")
    moved = plane.locator("output").inner_text()
    assert before != moved
    frame = plane.locator(".map img").bounding_box()
    visited.tab.mouse.move(frame["x"] + 3, frame["y"] + 3)
    assert plane.locator("output").inner_text() not in (before, moved)
    visited.tab.locator("summary", has_text="Play with the models").click()
    models = visited.tab.locator(".playground").count()
    assert models
    visited.tab.locator(".playground.live").nth(models - 1).wait_for()
    report = Axe().run(visited.tab)
    assert report.violations_count == 0, report.generate_report()
    assert visited.tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert all(visited.tab.locator("img").evaluate_all("images => images.map(image => image.alt.length > 0)"))
    assert visited.complaints == []
