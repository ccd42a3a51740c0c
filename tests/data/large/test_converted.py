"""Tables on the disk: the schema, the splits and the bits of the same table in memory."""

import json
import os
import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch

from reparam.data import Batches, DataRecord, LazyArray, evaluation_batches, load_data, permutation
from reparam.data.describe import describe
from reparam.data.large import cache
from reparam.data.large.columns import ColumnStore, StoredColumn
from reparam.data.large.record import RECORD
from reparam.data.readers.cells import Column
from reparam.errors import UserError

pd, pa = pytest.importorskip("pandas"), pytest.importorskip("pyarrow")
N = 420
TINY = 1000


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))


def frame(seed=0, n=N):
    """A table of columns of every kind, with and without missing cells."""
    rng = np.random.default_rng(seed)

    def holes(values, share=0.1):
        return pd.Series(values).where(rng.random(n) > share)

    many = [f"w{at}" for at in range(330)]
    return pd.DataFrame(
        {
            "row": np.arange(n),
            "code": [f"c{at:05d}" for at in rng.permutation(n)],
            "normal": rng.normal(1e6, 2.0, n),
            "single": rng.normal(size=n).astype(np.float32),
            "holes": holes(np.round(rng.normal(size=n), 2)),
            "tail": np.exp(3 * rng.normal(size=n)),
            "flat": rng.random(n),
            "piled": np.maximum(rng.normal(size=n), 0.0),
            "count": rng.integers(0, 3000, n),
            "wide": rng.integers(-(2**40), 2**40, n),
            "grade": rng.integers(1, 6, n),
            "few": holes(rng.choice([0.5, 1.0, 2.5], n)),
            "word": holes(rng.choice(["x", "ü,\"'", "zz top"], n)),
            "many": rng.choice(many, n),
            "truth": rng.random(n) > 0.3,
            "day": pd.Timestamp("2020-01-31") + pd.to_timedelta(rng.integers(0, 900, n), "D"),
            "moment": holes(pd.Timestamp("2020-01-31") + pd.to_timedelta(rng.integers(0, 10**7, n), "s")),
            "same": 7,
            "nothing": np.full(n, np.nan),
            "part": rng.choice(["train", "train", "Valid", "test"], n),
            "person": holes(rng.choice([f"p{at}" for at in range(60)], n), 0.05),
            "label": rng.choice(["ill", "well", "rare"], n, p=[0.5, 0.47, 0.03]),
        }
    )


def written(table, path):
    if path.name.endswith((".csv", ".csv.gz", ".tsv")):
        table.to_csv(path, index=False, sep="\t" if path.suffix == ".tsv" else ",")
    elif path.suffix == ".parquet":
        table.to_parquet(path, row_group_size=100)
    elif path.suffix == ".feather":
        table.to_feather(path, compression="lz4")
    else:
        arrow = pa.Table.from_pandas(table)
        opened = pa.ipc.new_file if path.suffix == ".arrow" else pa.ipc.new_stream
        with pa.OSFile(str(path), "wb") as file, opened(file, arrow.schema) as writer:
            writer.write_table(arrow, max_chunksize=100)
    return path


def both(path, **how):
    """The table in memory, and on the disk."""
    with pytest.warns(UserWarning, match="is converted once"):
        large = load_data(path, memory_limit=TINY, **how)
    return load_data(path, **how), large


def alike(memory, large):
    assert isinstance(large.train.x, LazyArray)
    assert large.table.plain() == memory.table.plain()
    assert large.fingerprint == memory.fingerprint
    assert [note for note in large.notes if "read from disk" not in note] == list(memory.notes)
    assert DataRecord.of(large).plain() == DataRecord.of(memory).plain()
    one, other = describe(memory), describe(large)
    assert {**one, "notes": 0, "on_disk": 0} == {**other, "notes": 0, "on_disk": 0}
    for name, split in memory.splits.items():
        rows = torch.arange(len(split))
        there = large.splits[name]
        assert torch.equal(split.x, there.x[rows])
        assert (split.y is None and there.y is None) or torch.equal(split.y, there.labels)
        for (x, y), (far, codes) in zip(
            *(evaluation_batches(d.splits[name], d, 50) for d in (memory, large)), strict=True
        ):
            assert torch.equal(x, far)
            assert (y is None and codes is None) or torch.equal(y, codes)
    for index in (0, 9, 3):
        near, far = (Batches(data.train, data, 32, 5)(index) for data in (memory, large))
        assert torch.equal(near[0], far[0])
        assert (near[1] is None and far[1] is None) or torch.equal(near[1], far[1])


@pytest.mark.parametrize("name", ["a.parquet", "a.feather", "a.arrow", "a.ipc", "a.csv", "a.csv.gz", "a.tsv"])
def test_a_table_on_the_disk_is_that_in_memory(tmp_path, name):
    alike(*both(written(frame(), tmp_path / name)))


@pytest.mark.parametrize("ending", ["parquet", "csv"])
@pytest.mark.parametrize(
    "how",
    [
        {"seed": 4},
        {"labels": "none"},
        {"labels": "grade"},
        {"split_by": "part"},
        {"split_by": "random"},
        {"groups": "person"},
        {"labels": "none", "groups": "person", "seed": 2},
        {
            "drop": ("wide", "word"),
            "columns": {"tail": "log", "count": "quantile", "many": "dropped", "row": "integer"},
        },
        {"missing": ("zz top", "7")},
    ],
    ids=str,
)
def test_it_is_read_as_was_asked(tmp_path, how, ending):
    alike(*both(written(frame(1), tmp_path / f"a.{ending}"), **how))


def test_one_conversion_serves_every_seed(tmp_path):
    path = written(frame(), tmp_path / "a.parquet")
    both(path)
    alike(load_data(path, seed=8), load_data(path, seed=8, memory_limit=TINY))
    assert len([folder for folder in (tmp_path / "cache").iterdir() if folder.is_dir()]) == 1


def test_a_schema_that_is_given_reads_it(tmp_path):
    known = load_data(written(frame(), tmp_path / "a.parquet")).table
    path = written(frame(3)[["label", "tail", *[name for name in frame().columns if name not in ("label", "tail")]]]
                   .assign(code="new", many="w1", count=5, day=pd.Timestamp("2021-01-01"), moment=pd.NaT,
                           wide=frame().wide, more=1), tmp_path / "b.parquet")  # fmt: skip
    alike(*both(path, table=known))


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_what_a_schema_does_not_know_is_told_as_in_memory(tmp_path, ending):
    known = load_data(written(frame(), tmp_path / f"a.{ending}")).table
    table = frame(3)
    table.loc[[300, 310], "word"] = "strange"
    table.loc[5, "single"] = np.nan
    path = written(table, tmp_path / f"b.{ending}")
    with pytest.raises(UserError) as memory:
        load_data(path, table=known)
    with pytest.warns(UserWarning, match="converted once"), pytest.raises(UserError) as large:
        load_data(path, table=known, memory_limit=TINY)
    assert "'strange' 2 times" in str(memory.value)
    assert str(large.value) == str(memory.value)
    assert not any(folder.is_dir() for folder in (tmp_path / "cache").iterdir())


@pytest.mark.parametrize(
    ("cell", "match"), [([1], "values of type list"), (np.inf, r"column 'odd'.*not finite, the first in row 8")]
)
def test_what_is_no_cell_is_refused(tmp_path, cell, match):
    table = frame()
    table["odd"] = (
        [[0] if isinstance(cell, list) else 0.5] * 7 + [cell] + [[0] if isinstance(cell, list) else 0.5] * (N - 8)
    )
    path = written(table, tmp_path / "a.parquet")
    with pytest.warns(UserWarning, match="converted once"), pytest.raises(UserError, match=match):
        load_data(path, memory_limit=TINY)


def test_small_tables_and_plain_numbers_are_not_converted(tmp_path):
    load_data(written(frame(), tmp_path / "a.parquet"))
    load_data(written(frame()[["flat", "tail"]], tmp_path / "b.parquet"), read_as="vectors", memory_limit=TINY)
    assert not (tmp_path / "cache").exists()


def test_a_table_that_has_changed_is_converted_again(tmp_path):
    path = written(frame(), tmp_path / "a.parquet")
    both(path)
    written(frame(5), path)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        changed = load_data(path, memory_limit=TINY)
    told = " ".join(str(one.message) for one in said)
    assert "has changed since it was converted" in told
    assert "is converted once" in told
    alike(load_data(path), changed)
    assert len([folder for folder in (tmp_path / "cache").iterdir() if folder.is_dir()]) == 1


def test_a_change_is_noticed_in_a_file_of_the_same_size_and_time(tmp_path):
    path = written(frame(), tmp_path / "a.parquet")
    before, raw = path.stat(), bytearray(path.read_bytes())
    stamps = {cache.stamp(path), cache.stamp(path)}
    raw[len(raw) // 2] ^= 1
    path.write_bytes(raw)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert len(stamps | {cache.stamp(path)}) == 2


CONVERT = """
import sys
from reparam.data import load_data
from reparam.data.large import convert
kill, join = sys.argv[2] == "kill", convert._join
def until(*arguments):
    import os, time
    if kill:
        os.kill(os.getpid(), 9)
    time.sleep(2)
    join(*arguments)
    print("converted")
convert._join = until
print(load_data(sys.argv[1], memory_limit=1000).fingerprint)
"""


def convert(path, what):
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", CONVERT, str(path), what], stdout=subprocess.PIPE, text=True
    )


@pytest.mark.slow
def test_a_killed_conversion_leaves_nothing_half(tmp_path):
    path = written(frame(), tmp_path / "a.parquet")
    with convert(path, "kill") as killed:
        killed.wait(120)
    assert killed.returncode == -9
    (left,) = (folder for folder in (tmp_path / "cache").iterdir() if folder.is_dir())
    assert left.name.startswith(".")
    assert left.name.endswith(".part")
    alike(*both(path))
    (found,) = (folder for folder in (tmp_path / "cache").iterdir() if folder.is_dir())
    assert sorted(file.name for file in found.iterdir()) == [RECORD, "x.npy", "y.npy"]


@pytest.mark.slow
def test_processes_that_convert_one_table_wait_for_the_first(tmp_path):
    path = written(frame(), tmp_path / "a.parquet")
    started = [convert(path, "go") for _ in range(3)]
    told = [process.communicate(timeout=180)[0].split() for process in started]
    assert [process.returncode for process in started] == [0, 0, 0]
    assert sorted(len(words) for words in told) == [1, 1, 2]
    assert {words[-1] for words in told} == {load_data(path).fingerprint}


def harmed(folder, change):
    record = json.loads((folder / RECORD).read_text())
    change(record)
    (folder / RECORD).write_text(json.dumps(record))


def rows(folder):
    return np.load(folder / "x.npy")


HARMS = {
    "no record of it": (lambda f: (f / RECORD).write_text("{"), "no record of a converted table"),
    "more rows": (lambda f: harmed(f, lambda r: r.update(examples=10**14)), "its record says"),
    "other columns": (lambda f: harmed(f, lambda r: r["table"]["columns"].pop(2)), "its record says"),
    "other classes": (lambda f: harmed(f, lambda r: r.update(classes=["a"])), "classes"),
    "no schema": (lambda f: harmed(f, lambda r: r.update(table={"columns": 3})), "table.json"),
    "cut short": (lambda f: (f / "x.npy").write_bytes((f / "x.npy").read_bytes()[:-500]), "cut short or damaged"),
    "other rows": (lambda f: np.save(f / "x.npy", rows(f)[:-1]), "its record says"),
    "places that are none": (lambda f: np.save(f / "x.npy", rows(f) | 255), "what no column of its table does"),
    "labels that are none": (lambda f: np.save(f / "y.npy", np.load(f / "y.npy") + 1), "none of its 3 classes"),
    "labels of words": (lambda f: np.save(f / "y.npy", np.array(["a"] * N)), "its record says"),
    "rows that are gone": (lambda f: (f / "x.npy").unlink(), "x.npy is missing: remove the folder"),
    "a pipe": (lambda f: ((f / "x.npy").unlink(), os.mkfifo(f / "x.npy")), "is a pipe"),
}


@pytest.mark.parametrize("harm", HARMS)
def test_a_converted_table_that_is_not_what_it_says_is_refused(tmp_path, harm):
    path = written(frame(), tmp_path / "a.parquet")
    both(path)
    (folder,) = (folder for folder in (tmp_path / "cache").iterdir() if folder.is_dir())
    change, match = HARMS[harm]
    change(folder)
    with pytest.raises(UserError, match=match):
        load_data(path, memory_limit=TINY).train.x[torch.arange(50)]


def test_from_a_bound_on_splits_are_drawn_row_by_row(tmp_path, monkeypatch):
    table = frame().assign(row=lambda it: it.row * 3 + 0.5)[["row", "flat", "label"]]
    path = written(table, tmp_path / "a.parquet")
    monkeypatch.setattr(permutation, "BY_FUNCTION", N)
    with pytest.warns(UserWarning, match="converted once"):
        data = load_data(path, memory_limit=TINY, seed=3)
    assert [len(split) for split in data.splits.values()] == [336, 42, 42]
    every = {name: data.table.decode(split.x[torch.arange(len(split))].numpy(), split.labels.numpy())
             for name, split in data.splits.items()}  # fmt: skip
    numbers = np.concatenate([part["row"] for part in every.values()])
    assert sorted(numbers.tolist()) == table["row"].tolist()
    assert (np.diff(every["train"]["row"]) < 0).any()
    labels = dict(zip(table["row"], table["label"], strict=True))
    for part in every.values():
        assert [labels[row] for row in part["row"].tolist()] == part["label"].tolist()
    again = load_data(path, memory_limit=TINY, seed=3)
    assert again.fingerprint == data.fingerprint
    assert load_data(path, memory_limit=TINY, seed=4).fingerprint != data.fingerprint
    batches = Batches(data.train, data, 30, 0)
    seen = torch.cat([batches(at)[0] for at in range(batches.batches_per_epoch)])
    assert len(seen.unique(dim=0)) == 330


def test_columns_are_kept_as_they_are(tmp_path):
    store, rng = ColumnStore(tmp_path), np.random.default_rng(0)
    missing = rng.random(100) < 0.2
    kinds = {
        "words": np.where(missing, "", rng.choice(["a", "ü", "\n"], 100)).astype(object),
        "double": np.where(missing, np.nan, rng.normal(size=100)),
        "single": np.where(missing, np.nan, rng.normal(size=100).astype(np.float32)),
        "zeros": np.where(missing, -0.0, 0.0),
        "small": rng.integers(-100, 100, 100),
        "large": rng.integers(-(2**62), 2**62, 100),
        "truth": rng.random(100) > 0.5,
        "date": rng.integers(0, 2**50, 100).astype("datetime64[us]"),
    }
    columns = [Column(name, values, missing & (name != "large"), 2) for name, values in kinds.items()]
    kept = [store.keep(column) for column in columns]
    for before, after in [*zip(columns, kept, strict=True), *reversed(list(zip(columns, kept, strict=True)))]:
        assert isinstance(after, StoredColumn)
        for one in (after, after.loaded()):
            assert one.values.dtype == before.values.dtype
            assert one.values.tobytes() == before.values.tobytes() or before.name == "words"
            assert np.array_equal(one.values, before.values, equal_nan=before.values.dtype.kind == "f")
            assert np.array_equal(one.missing, before.missing)
            assert (one.name, one.decimals) == (before.name, 2)
    assert sum(file.stat().st_size for file in tmp_path.glob("cells-*")) < sum(v.nbytes for v in kinds.values())
    store.clear()
    assert not list(tmp_path.iterdir())


def test_a_disk_without_room_is_told_first(tmp_path, monkeypatch):
    from reparam.data import store

    path = written(frame(), tmp_path / "a.csv")
    monkeypatch.setattr(store, "SPARE", 10**18)
    with pytest.warns(UserWarning, match="converted once"), pytest.raises(UserError, match="GB free and"):
        load_data(path, memory_limit=TINY)
    assert not any(folder.is_dir() for folder in (tmp_path / "cache").iterdir())


@pytest.mark.parametrize("place", ["a file", "/proc"])
def test_a_cache_that_cannot_be_written_is_told_with_what_names_another(tmp_path, monkeypatch, place):
    (tmp_path / "a file").write_text("")
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / place))
    path = written(frame(), tmp_path / "a.csv")
    if not (tmp_path / place).exists():
        pytest.skip("a folder that takes no files, of Linux")
    with pytest.raises(UserError, match=r"cannot be written .* let REPARAM_CACHE name another folder"):
        load_data(path, memory_limit=TINY)


def test_without_a_home_it_is_said_what_names_a_cache(tmp_path, monkeypatch):
    for name in (cache.VARIABLE, "XDG_CACHE_HOME", "HOME", "USERPROFILE"):
        monkeypatch.delenv(name, raising=False)
    if os.name == "posix":
        import pwd

        monkeypatch.setattr(pwd, "getpwuid", {}.__getitem__)  # a user of no name, as containers have
    else:
        monkeypatch.delenv("HOMEPATH", raising=False)
    path = written(frame(), tmp_path / "a.csv")
    with pytest.raises(UserError, match=r"no home folder .* let REPARAM_CACHE name a folder"):
        load_data(path, memory_limit=TINY)


def test_no_lock_stays_beside_what_was_converted(tmp_path, monkeypatch):
    monkeypatch.setenv(cache.VARIABLE, str(tmp_path / "cache"))
    path = written(frame(), tmp_path / "a.csv")
    with pytest.warns(UserWarning, match="converted once"):
        load_data(path, memory_limit=TINY)
    assert [one.is_dir() for one in (tmp_path / "cache").iterdir()] == [True]


MEMORY = """
import re, sys, threading, time
from reparam.data import load_data
import torch, pyarrow, numpy as np, scipy.special
import reparam.data.large.convert
def anonymous():
    return int(re.search(r"RssAnon:\\s+(\\d+)", open("/proc/self/status").read())[1]) / 1024
most = start = anonymous()
def watch():
    global most
    while True:
        most = max(most, anonymous())
        time.sleep(0.01)
threading.Thread(target=watch, daemon=True).start()
data = load_data(sys.argv[1], memory_limit=2**20)
for at in range(0, 800):
    data.train.x[torch.arange(at * 100, at * 100 + 100)]
print(most - start)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="memory is told by Linux")
def test_memory_holds_a_column_and_not_the_table(tmp_path):
    rng = np.random.default_rng(0)
    n, columns = 100_000, 300
    table = pa.table({f"c{at}": rng.normal(size=n).astype(np.float32) for at in range(columns)})
    import pyarrow.parquet as pq

    pq.write_table(table, tmp_path / "a.parquet", row_group_size=20_000)
    told = subprocess.run([sys.executable, "-W", "ignore", "-c", MEMORY, str(tmp_path / "a.parquet")],
                          capture_output=True, text=True, timeout=300, check=True)  # fmt: skip
    # two blocks of rows are 32 MB, what a fingerprint looks at 96, and libraries take some; in memory cells are 229
    assert float(told.stdout) < 160
