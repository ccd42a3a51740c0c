"""The page itself: the report's style, and a script that asks the server what there is to see."""

import base64
import hashlib
from functools import cache
from pathlib import Path

from reparam import pages

HERE = Path(__file__).parent


@cache
def _script() -> str:
    return (HERE / "watch.js").read_text(encoding="utf-8")


@cache
def html() -> str:
    """The page: it loads its numbers from the server that it came from, and nothing else from anywhere."""
    style = Path(pages.__file__).with_name("page.css").read_text(encoding="utf-8")
    own = (HERE / "watch.css").read_text(encoding="utf-8")
    body = (HERE / "watch.html").read_text(encoding="utf-8")
    return body.replace("/* style */", style + own).replace("/* script */", _script())


@cache
def policy() -> str:
    """What the browser lets the page do."""
    script = base64.b64encode(hashlib.sha256(_script().encode()).digest()).decode()
    return (f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{script}'; "
            "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")  # fmt: skip
