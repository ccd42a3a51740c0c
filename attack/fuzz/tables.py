"""Targets: tables, whether text, in columns, on the disk, of Python's, and what says how they are read."""

import gzip
import io
import json
import os
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path
from shutil import copytree
from tempfile import mkdtemp
from typing import Any
from unittest.mock import patch

import numpy as np

from attack.fuzz.target import Form, Reads, Seeds, Target
from reparam.data import DataRecord, Dataset, describe, load_data
from reparam.runs.record import finite
from reparam.runs.sealed import sealed

ROWS = 24
SMALL = 64
"""Bytes from which a table is taken for a large one here."""
CACHE = "REPARAM_CACHE"


def taken(data: Dataset) -> None:
    """Use data as a run does: look at all of it, and write down what it was."""
    describe(data)
    record = DataRecord.of(data)
    sealed(finite(record.plain()))
    _ = record.schema


def file(name: str, packed: Callable[[bytes], bytes] = bytes, **how: Any) -> Form:
    """A file of data of its own."""

    def reads(folder: Path, content: bytes) -> Reads:
        (folder / name).write_bytes(packed(content))
        yield lambda: taken(load_data(folder / name, **how))

    return reads


def _gzip(content: bytes) -> bytes:
    return gzip.compress(content, 1, mtime=0)


def _texts() -> Seeds:
    """Texts of every kind of column and of every way of writing, short ones."""
    plain = "a,n,w,d,b\n" + "".join(
        f"{k * 0.37:.2f},{k * k % 7},{'xyz'[k % 3]},2024-01-{k + 1:02},{k % 2 == 0}\n" for k in range(ROWS)
    )
    odd = "name;x;y\n" + "".join(f'"a;{k}";{k},5;{"NA" if k % 5 == 0 else k}\n' for k in range(ROWS))
    spaced = "".join(f"{k}  {k * 0.5:.3e}\t{-k}\n" for k in range(ROWS))
    times = "t,id,v\n" + "".join(
        f"{k + 1}/2/2024 0{k % 10}:30,P{k:04},{'1.000,5' if k % 2 else k}\n" for k in range(ROWS)
    )
    tabs = plain.replace(",", "\t")
    return {
        "t.csv": [plain.encode(), odd.encode(), times.encode()],
        "t.tsv": [tabs.encode("utf-16")],
        "t.txt": [spaced.encode()],
        "t.csv.gz": [plain.encode()],
        "t.tsv.gz": [tabs.encode()],
        "t.txt.gz": [spaced.encode()],
        "t.csv.gz as it is": [_gzip(plain.encode())],
        "t.csv of vectors": [spaced.replace("  ", ",").replace("\t", ",").encode()],
        "t.csv of labels": [odd.encode("cp1252")],
    }


TEXT = Target(
    "tables in text",
    {
        "t.csv": file("t.csv"),
        "t.tsv": file("t.tsv"),
        "t.txt": file("t.txt"),
        "t.csv.gz": file("t.csv.gz", _gzip),
        "t.tsv.gz": file("t.tsv.gz", _gzip),
        "t.txt.gz": file("t.txt.gz", _gzip),
        "t.csv.gz as it is": file("t.csv.gz"),
        "t.csv of vectors": file("t.csv", read_as="vectors"),
        "t.csv of labels": file("t.csv", labels="1"),
    },
    _texts,
)


def _frame() -> Any:
    import pandas as pd

    rows = np.arange(ROWS)
    return pd.DataFrame(
        {
            "x": rows * 0.37,
            "n": pd.array(np.where(rows % 5, rows % 7, 0), "Int64"),
            "w": np.array(["x", "y", "z"], object)[rows % 3],
            "d": pd.Timestamp("2024-01-01") + pd.to_timedelta(rows, "D"),
            "c": pd.Categorical(np.array(["S", "M"])[rows % 2], ["S", "M"], ordered=True),
            "b": rows % 2 == 0,
        }
    )


def _of_pandas(ending: str) -> Form:
    """A table in columns, and beside it in the file what pandas would say of it."""

    def reads(folder: Path, content: bytes) -> Reads:
        import pyarrow as pa
        from pyarrow import feather, parquet

        table = pa.table({"x": np.arange(ROWS) * 0.5, "n": np.arange(ROWS) % 5})
        table = table.replace_schema_metadata({b"pandas": content})
        write = parquet.write_table if ending == ".parquet" else feather.write_feather
        write(table, str(folder / f"t{ending}"))
        yield lambda: taken(load_data(folder / f"t{ending}"))

    return reads


def _written(write: Callable[[Any, io.BytesIO], object]) -> bytes:
    stream = io.BytesIO()
    write(_frame(), stream)
    return stream.getvalue()


def _ipc(frame: Any, stream: io.BytesIO, how: str) -> None:
    import pyarrow as pa

    table = pa.Table.from_pandas(frame)
    with getattr(pa.ipc, how)(stream, table.schema) as writer:
        writer.write_table(table)


def _columns() -> Seeds:
    said = json.dumps({"index_columns": ["n"], "columns": [], "column_indexes": []}).encode()
    return {
        "t.parquet": [_written(lambda frame, stream: frame[["x", "w"]].to_parquet(stream))],
        "t.feather": [_written(lambda frame, stream: frame.to_feather(stream, compression="lz4"))],
        "t.arrow": [_written(lambda frame, stream: _ipc(frame, stream, "new_file"))],
        "t.ipc": [_written(lambda frame, stream: _ipc(frame, stream, "new_stream"))],
        "t.parquet of pandas": [said],
        "t.feather of pandas": [said],
    }


COLUMNAR = Target(
    "tables in columns",
    {
        "t.parquet": file("t.parquet"),
        "t.feather": file("t.feather"),
        "t.arrow": file("t.arrow"),
        "t.ipc": file("t.ipc"),
        "t.parquet of pandas": _of_pandas(".parquet"),
        "t.feather of pandas": _of_pandas(".feather"),
    },
    _columns,
)


def _of_json(make: Callable[[Any], Any]) -> Form:
    """What Python code holds: plain values, in a library's frame."""

    def reads(folder: Path, content: bytes) -> Reads:
        try:
            value = make(json.loads(content))
        except Exception:  # of which there is no such frame: whoever made it would have been told
            return
        yield lambda: taken(Dataset.of(value))

    return reads


def _pandas(value: Any) -> Any:
    import pandas as pd

    return pd.DataFrame(value)


def _polars(value: Any) -> Any:
    import polars as pl

    try:
        return pl.DataFrame(value, strict=False)
    except pl.exceptions.PanicException as error:  # no Exception, which would end the fuzzer: of this there is no frame
        raise ValueError(str(error)) from None


def _arrow(value: Any) -> Any:
    import pyarrow as pa

    return pa.table(value)


def _structured(value: Any) -> Any:
    arrays = {str(name): np.array(cells) for name, cells in value.items()}
    made = np.empty(len(next(iter(arrays.values()))), [(name, one.dtype) for name, one in arrays.items()])
    for name, one in arrays.items():
        made[name] = one
    return made


def _records(value: Any) -> Any:
    return list(value)


def _frames() -> Seeds:
    columns = {
        "x": [k * 0.5 for k in range(12)],
        "w": [None, "a", "b"] * 4,
        "b": [True, False] * 6,
        "n": [1, 2, None] * 4,
    }
    rows = [dict(zip(columns, cells, strict=True)) for cells in zip(*columns.values(), strict=True)]
    by_name = [json.dumps(columns).encode()]
    return {
        "rows": [json.dumps(rows).encode()],
        "pandas": by_name,
        "polars": by_name,
        "arrow": by_name,
        "structured": [json.dumps({"x": columns["x"], "b": columns["b"]}).encode()],
    }


FRAMES = Target(
    "frames and rows of Python's",
    {
        "rows": _of_json(_records),
        "pandas": _of_json(_pandas),
        "polars": _of_json(_polars),
        "arrow": _of_json(_arrow),
        "structured": _of_json(_structured),
    },
    _frames,
)


def _by_schema(folder: Path, content: bytes) -> Reads:
    (folder / "t.csv").write_bytes(_texts()["t.csv"][0])
    (folder / "t.schema.json").write_bytes(content)
    yield lambda: taken(load_data(folder / "t.csv", schema_file=str(folder / "t.schema.json")))


def _schemas() -> Seeds:
    place = Path(mkdtemp())
    (place / "t.csv").write_bytes(_texts()["t.csv"][0])
    plain = load_data(place / "t.csv").table.plain()  # type: ignore[union-attr]
    short = {"form": "table", "columns": [{"name": "a", "kind": "log"}, {"name": "w", "kind": "label"}]}
    short["columns"] += [{"name": name, "kind": "drop"} for name in ("n", "d", "b")]  # type: ignore[operator]
    return {"t.schema.json": [json.dumps(plain).encode(), json.dumps(short).encode()]}


SCHEMA = Target("schemas of tables", {"t.schema.json": _by_schema}, _schemas)


@cache
def _converted() -> Path:
    """A table that was converted, and the folder of what it became."""
    place = Path(mkdtemp())
    (place / "t.csv").write_bytes(_texts()["t.csv"][0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _large(place)
    return place


def _large(place: Path) -> Dataset:
    with patch.dict(os.environ, {CACHE: str(place / "cache")}):
        return load_data(place / "t.csv", memory_limit=SMALL)


def _within(name: str) -> Form:
    """A converted table, one of whose files is another."""

    def reads(folder: Path, content: bytes) -> Reads:
        from reparam.data.large.record import Converted

        (made,) = (path.parent for path in _converted().rglob("table.json"))
        place = folder / "made"
        copytree(made, place)
        (place / name).write_bytes(content)
        yield lambda: _all_of(Converted.at(place))

    return reads


def _all_of(table: Any) -> None:
    import torch

    rows = torch.arange(table.record.examples)
    _ = table.rows[rows], None if table.codes is None else table.codes[rows]


def _whole(folder: Path, content: bytes) -> Reads:
    (folder / "t.csv").write_bytes(content)
    yield lambda: taken(_large(folder))


def _large_ones() -> Seeds:
    (made,) = (path.parent for path in _converted().rglob("table.json"))
    found = {name: [(made / name).read_bytes()] for name in ("table.json", "x.npy")}
    return {"t.csv": list(_texts()["t.csv"][:2]), **found}


LARGE = Target(
    "large tables, converted",
    {"t.csv": _whole, "table.json": _within("table.json"), "x.npy": _within("x.npy")},
    _large_ones,
)
