"""What the page on sharing tells to type works as it is typed."""

import re
from pathlib import Path

PAGE = next(page for page in Path(__file__).parent.parent.rglob("docs/**/sharing.md") if page.is_file())


def test_the_page_s_python_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    names: dict = {}
    for block in blocks:
        exec(block, names)  # our own file
    assert blocks
