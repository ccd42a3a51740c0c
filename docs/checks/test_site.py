"""The built site in a real browser: links lead somewhere, the search finds, nothing complains, everyone can read it."""

import functools
import http.server
import shutil
import threading
from collections import defaultdict
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag, urljoin, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

SITE = Path(__file__).parents[2] / "build" / "site"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
needs_chromium = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium (Debian: apt-get install chromium)")
PAGES = (
    "index.html",
    "start/index.html",
    "guides.html",
    "scale.html",
    "theory/index.html",
    "models/index.html",
    "gallery/built/index.html",
    "api/built/reparam.distributions.html",
    "benchmarks/index.html",
)


class Links(HTMLParser):
    """What a page points at, and what can be pointed at in it."""

    def __init__(self, page):
        super().__init__()
        self.targets, self.places = [], set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag, attributes):
        told = dict(attributes)
        self.places |= {told[key] for key in ("id", "name") if told.get(key)}
        self.targets += [told[key] for key in ("href", "src") if told.get(key) and tag not in ("form",)]


@pytest.fixture(scope="module")
def pages():
    assert (SITE / "index.html").exists(), "build the site first: make docs"
    return {page: Links(page) for page in SITE.rglob("*.html") if "_static" not in page.parts}


def test_every_internal_link_leads_somewhere(pages):
    lost = defaultdict(list)
    for page, links in pages.items():
        for target in links.targets:
            place, anchor = urldefrag(urljoin(page.as_uri(), target))
            if not place.startswith(SITE.as_uri()):
                continue
            file = Path(unquote(urlsplit(place).path))
            file = file / "index.html" if file.is_dir() else file
            known = pages[file].places if file in pages else {unquote(anchor)}
            if not file.exists() or (anchor and unquote(anchor) not in known):
                lost[page.relative_to(SITE).as_posix()].append(target)
    assert lost == {}


def test_nothing_is_loaded_from_elsewhere(pages):
    for page in pages:
        text = page.read_text(encoding="utf-8")
        for tag in ('<script src="http', '<link rel="stylesheet" href="http', '<img src="http'):
            assert tag not in text, page


@pytest.fixture(scope="module")
def address():
    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=SITE))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-first-run"])
        yield browser
        browser.close()


@pytest.fixture
def visit(browser, address):
    complaints, contexts = [], []

    def opened(page, scheme="light", width=1200):
        contexts.append(browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 900}))
        tab = contexts[-1].new_page()
        tab.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
        tab.on("response", lambda answer: complaints.append(answer.url) if answer.status >= 400 else None)
        tab.on("pageerror", lambda error: complaints.append(str(error)))
        tab.on("request", lambda ask: None if ask.url.startswith((address, "data:")) else complaints.append(ask.url))
        tab.goto(address + page, wait_until="load")
        return tab

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@needs_chromium
def test_the_search_finds_the_trick(visit):
    tab = visit("search.html?q=reparameterization")
    tab.wait_for_selector("#search-results li a")
    found = tab.locator("#search-results li a").all_inner_texts()
    assert any("reparameteriz" in title.lower() for title in found), found


@needs_chromium
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("page", PAGES)
def test_it_can_be_read_by_everyone(visit, page, scheme):
    tab = visit(page, scheme)
    assert tab.evaluate("document.documentElement.dataset.theme") == scheme
    violations = Axe().run(tab, options={"preload": False}).response["violations"]
    serious = [found for found in violations if found["impact"] in ("serious", "critical")]
    assert [(found["id"], [node["html"][:200] for node in found["nodes"]][:5]) for found in serious] == []


@needs_chromium
@pytest.mark.parametrize("page", PAGES)
def test_a_phone_does_not_scroll_sideways(visit, page):
    tab = visit(page, width=390)
    wide = tab.evaluate("document.documentElement.scrollWidth")
    assert wide <= 390
