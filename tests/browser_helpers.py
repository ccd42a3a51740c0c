"""A real browser, and pages opened in it."""

import shutil
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Locator
from playwright.sync_api import Page as Tab

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


NEEDS_CHROMIUM = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian: apt-get install chromium)")
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]


class Visit:
    """An open page, and what the browser said and asked for while it was open."""

    def __init__(self, tab: Tab, path: Path) -> None:
        self.tab, self.own = tab, path.as_uri()
        self.complaints, self.requests, self.refused = [], [], []
        tab.on("console", lambda message: self.complaints.append(message.text))
        tab.on("pageerror", lambda error: self.complaints.append(str(error)))
        tab.on("dialog", self.dismiss)
        tab.on("request", lambda request: self.requests.append(request.url))
        tab.on("requestfailed", lambda request: self.refused.append(request.url) if request.failure == "csp" else None)
        tab.goto(self.own)

    def dismiss(self, dialog: Dialog) -> None:
        self.complaints.append(dialog.message)
        dialog.dismiss()

    @property
    def foreign(self) -> list[str]:
        """What was asked of somebody else, and not refused by the page's own policy."""
        asked = [url for url in self.requests if url != self.own and not url.startswith("data:")]
        return [url for url in asked if url not in self.refused]


def live_maps(visited: Visit) -> list[Locator]:
    """The page's maps, once they work."""
    visited.tab.wait_for_function("document.querySelectorAll('.explorer:not(.live)').length == 0")
    return visited.tab.locator(".explorer").all()


def slider(figure: Locator, label: str) -> Locator:
    return figure.get_by_role("slider", name=label, exact=True)
