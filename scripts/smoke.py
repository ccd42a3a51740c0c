"""Does reparam install and run in the Pythons of this machine? Needs none of its dependencies itself.

    python3 scripts/smoke.py                 every python3.11 to python3.14 on the path
    python3 scripts/smoke.py python3.12      these
    python3 scripts/smoke.py --installed     only run it, in the environment that runs this

Each is given an environment of its own, into which pip installs the wheels that its configuration finds (torch is
large); where a dependency has no wheel for a Python, that is said and the next is tried.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent
VERSIONS = ("3.11", "3.12", "3.13", "3.14")
STEPS = (
    "--version",
    "train vae --data two-gaussians --hidden 8 --latent-dim 1 --steps 5 --quiet --out vae",
    "train gan --data two-gaussians --steps 3 --quiet --out gan",
    "sample vae --out samples.png",
    "evaluate vae gan --count 60 --samples 2 --images 5",
    "curves vae",
    "info gan",
)


def main(words: list[str]) -> int:
    """Try each Python; 1 if one of them has all wheels and fails, or none was tried."""
    if words == ["--installed"]:
        return int(not runs(Path(sys.executable)))
    found = words or [name for version in VERSIONS if (name := f"python{version}") and shutil.which(name)]
    outcomes = [tried(name) for name in found]
    return int(False in outcomes or True not in outcomes)


def tried(name: str) -> bool | None:
    """Whether it runs in that Python; None where it cannot be installed."""
    with tempfile.TemporaryDirectory() as place:
        python = environment(name, Path(place))
        pip = [python, "-m", "pip", "install", "--quiet", "--only-binary", ":all:"]
        told = subprocess.run([*pip, str(ROOT)], capture_output=True, text=True)
        if told.returncode:
            errors = [line for line in told.stderr.splitlines() if "ERROR" in line]
            print(f"{name}: not installed: {(errors or ['pip does not say why'])[0].strip()}")
            return None
        return runs(python)


def environment(name: str, place: Path) -> Path:
    """A fresh environment of that Python; returns its interpreter."""
    subprocess.run([name, "-m", "venv", place], check=True)
    return place / "Scripts" / "python.exe" if sys.platform == "win32" else place / "bin" / "python"


def runs(python: Path) -> bool:
    """Whether every step ends well in a new folder."""
    with tempfile.TemporaryDirectory() as place:
        for step in STEPS:
            told = subprocess.run([python, "-m", "reparam", *step.split()], cwd=place, capture_output=True, text=True)
            if told.returncode:
                print(f"{python}: reparam {step} failed:\n{told.stdout}{told.stderr}")
                return False
    print(f"{python}: runs")
    return True


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
