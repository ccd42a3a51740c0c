"""Load: many files, large arrays, many trainings and many runs at once, in time, memory and open files.

    .venv/bin/python recipes/load.py FOLDER               # makes some GB in FOLDER; half an hour on two cores
    .venv/bin/python recipes/load.py FOLDER --only array files

Each line is a command as a user types it, in processes of its own: seconds of the clock and of the processor, the most
memory that one of them held (pages of a mapped file count while they are in memory, though the system takes them back
when it needs them), the most files open at a time, and what came of it.
"""

import argparse
import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import numpy as np
from PIL import Image

import reparam
from reparam.training import Silent

REPARAM = [sys.executable, "-m", "reparam"]
SMALL = ["--data", "two-gaussians", "--hidden", "8", "--steps", "200", "--quiet"]


def watch(processes: Sequence["subprocess.Popen[bytes]"], most: list[int]) -> None:
    """The most KiB of memory that one of them has held, and the most files that one had open."""
    while any(process.poll() is None for process in processes):
        for process in processes:
            with suppress(OSError, StopIteration):
                status = Path(f"/proc/{process.pid}/status").read_text().splitlines()
                held = next(line for line in status if line.startswith("VmHWM"))
                files = len(list(Path(f"/proc/{process.pid}/fd").iterdir()))
                most[:] = max(most[0], int(held.split()[1])), max(most[1], files)
        time.sleep(0.05)


def told(name: str, commands: Sequence[Sequence[object]]) -> None:
    """Run commands at once, and print a line of the table."""
    began, before, most = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN), [0, 0]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    processes = [
        subprocess.Popen(
            [*REPARAM, *map(str, words)], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        for words in commands
    ]
    watcher = threading.Thread(target=watch, args=(processes, most))
    watcher.start()
    said = [process.communicate()[1].decode().strip().splitlines()[-1:] for process in processes]
    watcher.join()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = used.ru_utime + used.ru_stime - before.ru_utime - before.ru_stime
    codes = [process.returncode for process in processes]
    words = "; ".join(line[0] for line, code in zip(said, codes, strict=True) if code and line)
    ended = f"{codes.count(0)} of {len(codes)} done" + (f"; {words}" if words else "")
    row = f"{time.monotonic() - began:.0f} | {cpu:.0f} | {most[0] / 1024:,.0f} | {most[1]} | {ended}"
    print(f"| {name} | {row} |", flush=True)


def array(place: Path) -> None:
    """2.1 GB of 8-bit images, most of them zeros that take no disk."""
    path = place / "big.npy"
    if not path.exists():
        images = np.lib.format.open_memmap(path, "w+", np.uint8, (2_700_000, 28, 28))
        images[:1000] = np.random.default_rng(0).integers(0, 256, (1000, 28, 28))
        images.flush()
    words = ["train", "vae", "--data", path, "--steps", 100, "--out", place / "array"]
    told("`train vae`, 100 steps on 2.7 million images, 2.1 GB", [words])


def files(place: Path) -> None:
    """100,000 pictures of 16 by 16 in ten folders."""
    pictures = place / "files"
    if not pictures.exists():
        rng = np.random.default_rng(0)
        for k in range(10):
            (pictures / str(k)).mkdir(parents=True)
        for i in range(100_000):
            Image.fromarray(rng.integers(0, 256, (16, 16), np.uint8)).save(pictures / str(i % 10) / f"{i}.png")
    words = ["train", "vae", "--data", pictures, "--steps", 100, "--out", place / "pictures"]
    told("`train vae`, 100 steps on 100,000 small files", [words])


def trainings(place: Path) -> None:
    """Eight at once."""
    told("8 × `train vae` at once", [["train", "vae", *SMALL, "--out", place / f"at-once-{k}"] for k in range(8)])


def one_folder(place: Path) -> None:
    """Two studies, and two trainings, that are told to write one folder."""
    study = ["compare", "--data", "two-gaussians", "--models", "vae", "--budget", "5s", "--out", place / "study"]
    told("2 × `compare` into one folder", [study, study])
    told("2 × `train` into one folder", [["train", "vae", *SMALL, "--out", place / "one"]] * 2)


def report(place: Path, count: int = 20, how: Sequence[object] = ()) -> None:
    """Twenty runs, as they are measured unless told otherwise."""
    runs = [place / f"run-{k}" for k in range(count)]
    for k, run in enumerate(runs):
        if not run.exists():
            reparam.fit("vae", "two-gaussians", run, hidden=(8,), steps=200, seed=k, progress=Silent())
    name = " ".join(map(str, ("report", *how)))
    told(f"`{name}` of {count} runs", [["report", *runs, *how, "--out", place / f"report-{count}.html", "--force"]])


def reports(place: Path) -> None:
    """Two hundred runs, of each few samples, so that what grows with the number of pairs shows."""
    report(place, 200, ["--count", 500, "--images", 50])


LOADS: dict[str, Callable[[Path], None]] = {
    "array": array,
    "files": files,
    "trainings": trainings,
    "folder": one_folder,
    "report": report,
    "reports": reports,
}


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="+", choices=LOADS, default=list(LOADS))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    print("| load | s | CPU s | MiB of one process | open files | ended |\n|---|---|---|---|---|---|")
    for name in options.only:
        LOADS[name](options.folder)


if __name__ == "__main__":
    main()
