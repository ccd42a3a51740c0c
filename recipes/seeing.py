"""Makes docs/seeing.png: a short VAE's page to play with, a digit drawn on it by a mouse, in Chromium.

    python recipes/seeing.py [--out docs/seeing.png]

It takes about a minute.
"""

import argparse
import shutil
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

import reparam

THREE = [(0.32, 0.24), (0.62, 0.22), (0.46, 0.46), (0.62, 0.56), (0.6, 0.72), (0.44, 0.8), (0.3, 0.74)]
"""Where the pen goes, in shares of the paper."""


def main() -> None:
    """Train, write the page, draw, and keep the picture."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", default="docs/seeing.png")
    out = parser.parse_args().out
    with tempfile.TemporaryDirectory() as folder:
        run = reparam.fit("vae", "mnist", f"{folder}/vae", epochs=3)
        picture(reparam.explore(run).save(f"{folder}/vae.html"), out)


def picture(page: Path, out: str) -> None:
    """What the page shows after something was drawn."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
        tab = browser.new_page(viewport={"width": 1100, "height": 900})
        tab.goto(page.absolute().as_uri())
        tab.wait_for_selector(".playground.live")
        tab.click(".clear")
        box = tab.locator(".paper").bounding_box()
        assert box is not None
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in THREE]
        tab.mouse.move(*places[0])
        tab.mouse.down()
        for place in places[1:]:
            tab.mouse.move(*place, steps=8)
        tab.mouse.up()
        tab.mouse.move(5, 5)
        tab.wait_for_timeout(200)
        tab.locator(".play").screenshot(path=out)
        browser.close()


if __name__ == "__main__":
    main()
