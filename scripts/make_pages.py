"""Writes what the program's own tables say into the Markdown of docs/, so that it is read there as on the site.

    .venv/bin/python scripts/make_pages.py            # after a command, an extra, a setting or a lab's result changed
    .venv/bin/python scripts/make_pages.py --check    # writes nothing, and names what would change

Commands, extras, kinds, modules and labs: a part that is made stands between two comments, a kind's page is whole.
"""

import argparse
import importlib.util
import json
import re
import sys
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parent.parent
DOCS = ROOT / "docs"
MADE = re.compile(r"<!-- made by scripts/make_pages\.py: ([\w -]+) -->\n.*?<!-- end -->", re.DOTALL)
WHOLE = "<!-- made by scripts/make_pages.py -->\n"


def words() -> ModuleType:
    """The module that says what the tables hold; it lies beside what builds the site."""
    found = importlib.util.spec_from_file_location("words", DOCS / "_ext" / "words.py")
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def made(what: str, by: ModuleType) -> str:
    """One part, by its name behind the comment: ``commands``, ``extras``, ``kinds``, ``modules`` or ``lab NAME``."""
    kind, _, name = what.partition(" ")
    if kind == "lab":
        return str(by.lab_text(name, json.loads((DOCS / "labs" / f"{name}.json").read_text(encoding="utf-8"))))
    parts = {"commands": by.commands_page, "kinds": by.kinds_page, "modules": by.modules_page}
    if kind == "extras":
        return str(by.extras_page((ROOT / "pyproject.toml").read_text(encoding="utf-8")))
    return str(parts[kind]())


def pages() -> dict[Path, str]:
    """Every page that is made, or holds what is, and what it should say."""
    by = words()
    found = {DOCS / "models" / f"{name}.md": WHOLE + by.kind_page(name) for name in by.KINDS}
    for path in sorted(DOCS.rglob("*.md")):
        text = path.read_text(encoding="utf-8")
        if path not in found and MADE.search(text):
            found[path] = MADE.sub(lambda match: _part(match[1], made(match[1], by)), text)
    return found


def _part(what: str, text: str) -> str:
    return f"<!-- made by scripts/make_pages.py: {what} -->\n\n{text.strip()}\n\n<!-- end -->"


def differing() -> list[Path]:
    """The pages that say something else than they should."""
    return [path for path, text in pages().items() if not path.exists() or path.read_text(encoding="utf-8") != text]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 where a page would change")
    asked = parser.parse_args()
    changed = differing()
    for path in changed:
        print(path.relative_to(ROOT))
        if not asked.check:
            path.write_text(pages()[path], encoding="utf-8")
    sys.exit(asked.check and bool(changed))
