"""The peers' own environment, .bench-venv at the repository's root: made when missing or when its pins change."""

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / ".bench-venv"
REQUIREMENTS = ROOT / "bench" / "requirements-peers.txt"
STAMP = FOLDER / "requirements.sha256"


def _python() -> Path:
    return FOLDER / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def _digest() -> str:
    return hashlib.sha256(REQUIREMENTS.read_bytes()).hexdigest()


def _torch_pin() -> str:
    lines = REQUIREMENTS.read_text().splitlines()
    return next(line for line in lines if line.startswith("torch=="))


def _pip(*arguments: str) -> None:
    subprocess.run([_python(), "-m", "pip", "install", "--quiet", *arguments], check=True)


def ensure() -> Path:
    """The peers' interpreter; installs the pins first if they are not the ones already there."""
    if not (STAMP.exists() and STAMP.read_text() == _digest()):
        print(f"Installing the peers into {FOLDER.name} (once) ...", file=sys.stderr)
        subprocess.run([sys.executable, "-m", "venv", str(FOLDER)], check=True)
        _pip(_torch_pin())
        _pip("-r", str(REQUIREMENTS))
        STAMP.write_text(_digest())
    return _python()
