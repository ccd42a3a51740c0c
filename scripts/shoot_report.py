"""A report's first screen at four widths, light and dark, on one sheet.

`scripts/shoot_report.py demo/report.html docs/report-sizes.png`

It needs Chromium, as the browser tests do. What the sheet shows is to be looked at before it is kept.
"""

import argparse
import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, sync_playwright

WIDTHS, HEIGHT, GAP = (390, 800, 1200, 1600), 1000, 24
CHROMIUM = ("chromium", "chromium-browser")


def screen(browser: Browser, report: Path, width: int, scheme: str) -> Image.Image:
    """The first screen of a report in a window so wide, its theme the system's."""
    page = browser.new_page(viewport={"width": width, "height": HEIGHT})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(report.absolute().as_uri())
    page.wait_for_timeout(500)
    image = Image.open(io.BytesIO(page.screenshot()))
    page.close()
    return image.convert("RGB")


def sheet(rows: list[list[Image.Image]]) -> Image.Image:
    """Screens side by side, a row for each theme."""
    width = sum(WIDTHS) + GAP * (len(WIDTHS) + 1)
    whole = Image.new("RGB", (width, (HEIGHT + GAP) * len(rows) + GAP), (128, 128, 128))
    for number, row in enumerate(rows):
        left = GAP
        for image in row:
            whole.paste(image, (left, GAP + number * (HEIGHT + GAP)))
            left += image.width + GAP
    return whole


def main() -> None:
    """Shoot, and write the sheet at half its size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("report", type=Path)
    parser.add_argument("out", type=Path)
    chosen = parser.parse_args()
    found = next(path for name in CHROMIUM if (path := shutil.which(name)))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        rows = [[screen(browser, chosen.report, width, scheme) for width in WIDTHS] for scheme in ("light", "dark")]
        browser.close()
    whole = sheet(rows)
    whole = whole.resize((whole.width // 2, whole.height // 2), Image.Resampling.LANCZOS)
    whole.quantize(128).save(chosen.out, optimize=True)


if __name__ == "__main__":
    main()
