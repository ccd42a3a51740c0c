"""Put a built site beside the earlier versions, and tell all of them which there are.

    python scripts/publish_site.py build/site served 0.2.0

``served`` is what is served: a folder a version, ``dev`` for the main branch, and an ``index.html`` that leads to the
newest.
"""

import argparse
import json
import shutil
import tomllib
from pathlib import Path

MAIN = "dev"
PROJECT = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
ADDRESS = PROJECT["urls"]["Documentation"].rstrip("/")
LEADS = '<!doctype html><meta charset="utf-8"><title>reparam</title><meta http-equiv="refresh" content="0; url={0}/">'


def main() -> None:
    """Copy, and write the list of versions into each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("site", type=Path, help="the built site")
    parser.add_argument("served", type=Path, help="the folder that is served")
    parser.add_argument("version", help="as 0.2.0, or the name of a branch, which is taken for the one in the making")
    parser.add_argument("--address", default=ADDRESS, help="where the folder is served")
    asked = parser.parse_args()
    publish(asked.site, asked.served, asked.version, asked.address)


def publish(site: Path, served: Path, version: str, address: str = ADDRESS) -> None:
    """Put the site into a folder of its own, and write the list of versions into all."""
    name = version if version[:1].isdigit() else MAIN
    shutil.rmtree(served / name, ignore_errors=True)
    shutil.copytree(site, served / name)
    (served / ".nojekyll").touch()
    told = newest_first([path.name for path in served.iterdir() if (path / "index.html").exists()])
    (served / "index.html").write_text(LEADS.format(told[0]), encoding="utf-8")
    # whole addresses: the theme puts them into pages of every depth
    text = json.dumps([{"name": each, "version": each, "url": f"{address}/{each}/"} for each in told])
    for each in told:
        (served / each / "_static" / "switcher.json").write_text(text, encoding="utf-8")


def newest_first(names: list[str]) -> list[str]:
    """Releases by their numbers, the newest first, and what is in the making last.

    >>> newest_first(["0.10.0", "dev", "0.2.0"])
    ['0.10.0', '0.2.0', 'dev']
    """
    releases = [name for name in names if name != MAIN]
    releases.sort(key=lambda name: [int(part) if part.isdigit() else -1 for part in name.split(".")], reverse=True)
    return releases + [MAIN] * (MAIN in names)


if __name__ == "__main__":
    main()
