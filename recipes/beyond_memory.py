"""Data beyond memory: private memory while training, examples a second, and what it costs to convert them once.

    .venv/bin/python recipes/beyond_memory.py FOLDER      # takes 45 GB of FOLDER for a while; half an hour or more
    .venv/bin/python recipes/beyond_memory.py FOLDER --only images     # a million images: 13 GB, about eight minutes
    .venv/bin/python recipes/beyond_memory.py FOLDER --only array images --share 0.01         # to see that it works

Each line is a process of its own with one thread: seconds until the data are there, the most private memory (RssAnon: a
mapped file's pages are not in it, since the system takes them back when it needs them) on the way there and while it
trains, examples a second that batches give, and examples a second of a training of a small VAE. Everything that is
made is removed in the end; what is a table is 20 GB as cells in memory, and what are images 12 GB.
"""

import argparse
import itertools
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

MB, GB = 2**20, 2**30
BATCH, SECONDS, STEPS, PART = 256, 10.0, 100, 100_000
"""Of a batch, of one measurement; steps of a training; rows in a file's group."""
COLUMNS, TABLE_ROWS, WIDTH, FEW = 512, 5_000_000, 1024, 100_000
"""Columns of the table and rows of table and array; the array's columns; and rows that are compared in memory."""
PICTURES, LINKS, SIDE = 2000, 500, 64
"""Different pictures, how many names each of them has, and their side."""


class Private:
    """The most private memory that this process has held, in MB, since it was asked last."""

    def __init__(self) -> None:
        self.most = 0.0
        threading.Thread(target=self._watch, daemon=True).start()

    def _watch(self) -> None:
        while True:
            held = re.search(r"RssAnon:\s+(\d+)", Path("/proc/self/status").read_text())
            self.most = max(self.most, int(held[1]) / 1024 if held else 0.0)
            time.sleep(0.02)

    def told(self) -> float:
        """The most, which is then forgotten."""
        time.sleep(0.05)
        most, self.most = self.most, 0.0
        return round(most)


def measure(path: str, how: dict[str, object]) -> None:
    """Print what it takes to open data, and to train on them."""
    import torch

    import reparam
    from reparam.data import Batches, load_data
    from reparam.training import Callback, Silent

    class Clock(Callback):
        def start(self, session: object) -> None:
            private.told()
            self.ends = [time.perf_counter()]

        def step(self, session: object) -> None:
            self.ends.append(time.perf_counter())
            self.most = max(getattr(self, "most", 0.0), private.most)

    torch.zeros(10).float().numpy()
    private, began = Private(), time.perf_counter()
    data = load_data(path, **how)
    opened = time.perf_counter() - began
    opening, batches, done = private.told(), Batches(data.train, data, BATCH, 0), 0
    began = time.perf_counter()
    while time.perf_counter() - began < SECONDS:
        batches(done)
        done += 1
    rate = done * BATCH / (time.perf_counter() - began)
    del batches
    clock = Clock()
    small = {"hidden": [64], "latent_dim": 8} | ({"likelihood": "normal"} if data.is_image else {})
    reparam.fit("vae", data, steps=STEPS, batch_size=BATCH, progress=Silent(), callbacks=[clock], **small)
    each = np.median(np.diff(clock.ends))
    found = {"opened": opened, "opening": opening, "training": round(clock.most), "whole": private.told()}
    print(json.dumps(found | {"batches": rate, "examples": float(BATCH / each), "rows": len(data.train)}))


def loader(path: str) -> None:
    """Print examples a second of a plain DataLoader over image files, with two worker processes."""
    import torch
    from PIL import Image

    class Files(torch.utils.data.Dataset):  # type: ignore[type-arg]
        def __init__(self) -> None:
            self.names = sorted(str(file) for file in Path(path).rglob("*.png"))

        def __len__(self) -> int:
            return len(self.names)

        def __getitem__(self, row: int) -> torch.Tensor:
            with Image.open(self.names[row]) as image:
                pixels = np.asarray(image.convert("RGB").resize((SIDE, SIDE)), np.float32)
            return torch.from_numpy(pixels / 255).permute(2, 0, 1)

    private, began = Private(), time.perf_counter()
    batches = itertools.chain.from_iterable(
        itertools.repeat(torch.utils.data.DataLoader(Files(), BATCH, shuffle=True, num_workers=2))
    )
    next(batches)
    opened, began, done = time.perf_counter() - began, time.perf_counter(), 0
    while time.perf_counter() - began < 2 * SECONDS:
        next(batches)
        done += BATCH
    rate = done / (time.perf_counter() - began)
    print(json.dumps({"opened": opened, "opening": private.told(), "batches": rate}))


def told(name: str, *words: object) -> None:
    """Run one of these in a process of its own, and print a line of the table."""
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [sys.executable, __file__, *map(str, words)], env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        print(f"| {name} | {(done.stderr.strip().splitlines() or ['failed'])[-1]} |", flush=True)
        return
    found = json.loads(done.stdout.strip().splitlines()[-1])
    cells = (
        f"{found[key]:,.0f}" if key in found else "" for key in ("opened", "opening", "training", "batches", "examples")
    )
    print(f"| {name} | {' | '.join(cells)} |", flush=True)


def array(place: Path, share: float) -> None:
    """20 GB of float32 rows of which one in a thousand is written and the others take no disk."""
    rows = int(TABLE_ROWS * share)
    path, few = place / "array.npy", place / "few.npy"
    whole = np.lib.format.open_memmap(path, "w+", np.float32, (rows, WIDTH))
    rng = np.random.default_rng(0)
    for start in range(0, rows, 1000):
        whole[start] = rng.normal(size=WIDTH)
    whole.flush()
    np.save(few, rng.normal(size=(min(rows, FEW), WIDTH)).astype(np.float32))
    told(f".npy, {rows:,} × {WIDTH} float32, {rows * WIDTH * 4 / 1e9:.1f} GB, mapped", "measure", path, "{}")
    told(f"the same of {min(rows, FEW):,}, in memory", "measure", few, "{}")


def table(place: Path, share: float) -> None:
    """20 GB of cells in a Parquet file."""
    import pyarrow as pa
    from pyarrow import parquet

    rows, path, few = int(TABLE_ROWS * share), place / "table.parquet", place / "few.parquet"
    schema = pa.schema([(f"c{at}", pa.float32()) for at in range(COLUMNS - 1)] + [("label", pa.string())])

    def groups(count: int) -> Iterator["pa.Table"]:
        for start in range(0, count, PART):
            rng, n = np.random.default_rng(start), min(PART, count - start)
            # numbers of two digits: a file of some GB instead of ten
            columns = [np.round(rng.normal(size=n), 2).astype(np.float32) for _ in range(COLUMNS - 1)]
            yield pa.table([*columns, rng.choice(["a", "b", "c"], n)], schema=schema)

    for file, count in ((path, rows), (few, min(rows, FEW))):
        with parquet.ParquetWriter(file, schema) as writer:
            for group in groups(count):
                writer.write_table(group, row_group_size=PART)
    size = path.stat().st_size / 1e9
    limit = "{}" if share == 1 else json.dumps({"memory_limit": int(GB * share)})
    cells = f"{rows:,} × {COLUMNS} cells, {rows * COLUMNS * 8 / 1e9:.1f} GB in memory, {size:.1f} GB as Parquet"
    told(f"{cells}, converted and mapped", "measure", path, limit)
    told("the same, converted before", "measure", path, limit)
    told(f"the same of {min(rows, FEW):,}, in memory", "measure", few, "{}")


def images(place: Path, share: float) -> None:
    """A million names of 2,000 pictures of 64 by 64, packed."""
    from PIL import Image

    folder, links = place / "images", max(1, int(LINKS * share))
    rng = np.random.default_rng(0)
    for number in range(PICTURES):
        pixels = rng.integers(0, 256, (8, 8, 3), dtype=np.uint8)  # enlarged: as soft as photographs
        name = folder / f"{number % 10}" / f"{number}-0.png"
        name.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).resize((SIDE, SIDE), Image.Resampling.BICUBIC).save(name)
        for link in range(1, links):
            name.with_name(f"{number}-{link}.png").hardlink_to(name)
    n, packed = PICTURES * links, place / "images.pack"
    limit = {} if share == 1 else {"memory_limit": int(GB * share)}
    told(f"`data pack` of {n:,} images of {SIDE} × {SIDE}", "pack", folder, packed)
    told(f"the pack, {n * 3 * SIDE**2 / 1e9:.1f} GB, mapped", "measure", packed, json.dumps(limit))
    told("a plain DataLoader over the files, 2 workers", "loader", folder)
    few = place / "few.pack"
    for one in range(min(10, PICTURES)):
        (place / "few" / f"{one}").mkdir(parents=True)
    for name in sorted(folder.rglob("*.png"))[: min(n, FEW // 2)]:
        (place / "few" / name.parent.name / name.name).hardlink_to(name)
    subprocess.run([sys.executable, __file__, "pack", place / "few", few], check=True, capture_output=True)
    told(f"the same of {min(n, FEW // 2):,}, in memory", "measure", few, json.dumps({"memory_limit": 4 * GB}))


def order(place: Path, share: float) -> None:
    """The order of an epoch of 10^8 rows: computed place by place, and drawn as a list."""
    import torch

    from reparam.data.batches import EpochOrder

    rows, began = int(10**8 * share), time.perf_counter()
    torch.randperm(rows)
    drawn = time.perf_counter() - began
    batches = EpochOrder(10**8, BATCH, seed=0)
    batches(0)
    began = time.perf_counter()
    for number in range(1, 2000):
        batches(number)
    each = (time.perf_counter() - began) / 2000
    listed = f"order of {rows:,} rows as a list: {drawn:.1f} s, {8 * rows / 1e9:.1f} GB"
    print(f"{listed}; of 10^8 rows place by place: {each * 1e6:.0f} µs a batch of {BATCH}", flush=True)


def pack(folder: str, out: str) -> None:
    """Print what it takes to pack images."""
    import reparam.data

    private, began = Private(), time.perf_counter()
    done = reparam.data.pack(folder, out)
    seconds = time.perf_counter() - began
    print(json.dumps({"opened": seconds, "opening": private.told(), "batches": done.examples / seconds}))


PARTS: dict[str, Callable[[Path, float], None]] = {"array": array, "table": table, "images": images, "order": order}


def main() -> None:
    """Make the data, print the table, remove the data."""
    inside = {"measure": lambda path, how: measure(path, json.loads(how)), "loader": loader, "pack": pack}
    if len(sys.argv) > 1 and sys.argv[1] in inside:
        inside[sys.argv[1]](*sys.argv[2:])
        return
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument("--share", type=float, default=1.0, help="of the sizes")
    options = parser.parse_args()
    heads = (
        "data",
        "s until there",
        "MB private meanwhile",
        "and in training",
        "examples/s of batches",
        "and in training",
    )
    print(f"| {' | '.join(heads)} |")
    print("|---|---|---|---|---|---|", flush=True)
    for name in options.only:
        place = options.folder / f"beyond-{name}"
        place.mkdir(parents=True)
        os.environ["REPARAM_CACHE"] = str(place / "cache")
        try:
            PARTS[name](place, options.share)
        finally:
            shutil.rmtree(place)


if __name__ == "__main__":
    main()
