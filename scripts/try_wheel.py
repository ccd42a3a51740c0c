"""Look at what was built, install the wheel into an empty environment, and run it there like a newcomer.

    python scripts/try_wheel.py dist [--skip-demo]

The environment is a new one that holds nothing but the wheel. The libraries that it needs are lent to it by the
environment that runs this, through a ``.pth`` file, so that torch is not downloaded again; that they are what the wheel
asks for is checked by name. Nothing of the checkout is on its path.
"""

import argparse
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import time
import venv
import zipfile
from email.parser import HeaderParser
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MOST = 20 * 2**20
"""Bytes of a wheel; 13 MB of it are MNIST twice over (docs/start/install.md)."""


def main() -> None:
    """Check, install and run; the first that fails ends it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dist", type=Path)
    parser.add_argument("--skip-demo", action="store_true", help="leave out the demo of a minute")
    asked = parser.parse_args()
    (wheel,), (source,) = asked.dist.glob("reparam-*.whl"), asked.dist.glob("reparam-*.tar.gz")
    contents(wheel, source)
    requirements(wheel)
    with tempfile.TemporaryDirectory() as place:
        python = environment(Path(place) / "env", wheel)
        used(python, Path(place), demo=not asked.skip_demo)


def contents(wheel: Path, source: Path) -> None:
    """Everything that is tracked below src/ is in both, and nothing else."""
    tracked = subprocess.run(["git", "ls-files", "src"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = {line.removeprefix("src/") for line in tracked.splitlines()}
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == files, f"missing: {sorted(files - packed)[:9]}; too much: {sorted(packed - files)[:9]}"
    with tarfile.open(source) as archive:
        names = {name.partition("/src/")[2] for name in archive.getnames()}
    assert files <= names, f"missing from the source distribution: {sorted(files - names)[:9]}"
    assert wheel.stat().st_size < MOST, f"{wheel} has {wheel.stat().st_size:,} bytes: more than {MOST:,}"
    print(f"{wheel.name}: {wheel.stat().st_size / 1e6:.1f} MB, {len(files)} files; {source.name}: all of them")


def requirements(wheel: Path) -> None:
    """What the wheel asks for is here, so that lending it shows what an install would have."""
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        told = HeaderParser().parsestr(archive.read(name).decode())
    for line in told.get_all("Requires-Dist", []):
        if "extra ==" not in line:
            importlib.metadata.version(re.split(r"[ <>=!~;\[]", line)[0])


def environment(folder: Path, wheel: Path) -> Path:
    """A new environment with the wheel alone, and libraries lent to it; its Python."""
    venv.create(folder, with_pip=False)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    there = subprocess.run(
        [python, "-c", "import site; print(site.getsitepackages()[0])"], capture_output=True, text=True
    )
    install = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index", wheel]
    subprocess.run([*install, "--disable-pip-version-check"], check=True)
    # a path in a .pth is searched for packages, but the .pth files there (an editable reparam's) are not read
    (Path(there.stdout.strip()) / "lent.pth").write_text(sysconfig.get_paths()["purelib"] + "\n", encoding="utf-8")
    return python


def used(python: Path, place: Path, demo: bool) -> None:
    """The command of that environment, in an empty folder, without anything of ours around it."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    where = "import reparam; print(reparam.__file__)"
    home = subprocess.run(
        [python, "-c", where], cwd=place, env=clean, capture_output=True, text=True, check=True
    ).stdout
    assert home.startswith(str(place)), f"the reparam that was imported is not the wheel's: {home}"

    def call(*words: str) -> str:
        start = time.monotonic()
        done = subprocess.run([python.parent / "reparam", *words], cwd=place, env=clean, capture_output=True, text=True)
        assert done.returncode == 0, f"reparam {' '.join(words)}: {done.stderr[-2000:]}"
        print(f"reparam {' '.join(words)}: {time.monotonic() - start:.0f} s")
        return done.stdout

    assert json.loads(call("doctor", "--json"))["core"], "the wheel's own metadata names what it needs"
    call("train", "vae", "--steps", "20", "--out", "run")
    call("sample", "run", "-n", "16")
    if demo:
        call("demo", "--quick", "--out", "demo")
        assert "<html" in (place / "demo" / "report.html").read_text(encoding="utf-8")


if __name__ == "__main__":
    main()
