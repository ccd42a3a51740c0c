"""Tables as people bring them, each a kind of its own: what is read of them, what a model sees, what is given back."""

import json

import numpy as np
import pandas as pd
import pytest

from helpers import said
from reparam.data import DataRecord, load_data
from reparam.data.columns.table import TableSchema
from reparam.data.whole import whole

RNG = np.random.default_rng(14)
N = 400


def written(folder, text, name="t.csv"):
    (folder / name).write_text(text)
    return folder / name


def saved(folder, **columns):
    pd.DataFrame(columns).to_csv(folder / "t.csv", index=False)
    return folder / "t.csv"


def kinds(data):
    return {kind.name: kind.word for kind in data.table.columns}


def back(data, path):
    """Every row of a file as it is given back, in its order."""
    x, _ = whole(str(path), DataRecord.of(data))
    return data.table.frame(x.x)


def test_words_truths_and_dates(tmp_path):
    joined = pd.Timestamp("2021-01-05") + pd.to_timedelta(RNG.integers(0, 200, N), unit="D")
    path = saved(
        tmp_path,
        score=RNG.normal(size=N).round(3),
        smoker=RNG.choice(["yes", "no"], N),
        active=RNG.choice([True, False], N),
        joined=joined.strftime("%Y-%m-%d"),
        age=RNG.integers(20, 70, N),
        species=RNG.choice(["ant", "bee", "wasp"], N),
    )
    data = load_data(path)
    assert list(kinds(data).values()) == ["number", "truth", "truth", "date", "integer", "category"]
    pd.testing.assert_frame_equal(back(data, path), pd.read_csv(path), check_dtype=False)


def test_names_that_are_numbers_and_a_column_of_row_numbers(tmp_path):
    x = pd.DataFrame(RNG.normal(size=(N, 3)).round(6), columns=["2019", "2020", "2021"])
    for index in (True, False):
        x.to_csv(tmp_path / "t.csv", index=index)
        data = load_data(tmp_path / "t.csv")
        assert data.data_shape == (3,)
        pd.testing.assert_frame_equal(back(data, tmp_path / "t.csv"), x)
        assert any("row" in note for note in data.notes) == index


@pytest.mark.parametrize(
    "values", [1_700_000_000 + RNG.uniform(0, 3600, N).round(1), (1e8 + RNG.normal(size=N)).round(3)]
)
def test_a_large_offset_is_kept_in_a_table(tmp_path, values):
    path = saved(tmp_path, value=values)
    data = load_data(path)
    np.testing.assert_array_equal(back(data, path)["value"], values)
    assert abs(float(data.train.x.mean())) < 0.2


def test_targets_that_are_no_labels(tmp_path):
    rooms = RNG.integers(1, 8, N)
    data = load_data(saved(tmp_path, rooms=rooms, target=rooms * 9_000 + RNG.integers(0, 50_000, N)))
    assert data.classes == ()
    assert kinds(data)["target"] == "integer"
    assert any('labels="target" makes it labels' in note for note in data.notes)
    points = (100 * RNG.normal(size=(N, 3))).round().astype(int) % 12  # few values, and they repeat
    assert load_data(saved(tmp_path, x=points[:, 0], y=points[:, 1], z=points[:, 2])).classes == ()


def test_columns_that_do_not_vary(tmp_path):
    x = np.column_stack(
        [RNG.normal(size=N), np.full(N, 3.7), 1 + 1e-7 * RNG.normal(size=N), np.eye(3)[RNG.integers(0, 3, N)]]
    )
    np.savetxt(tmp_path / "t.csv", x, delimiter=",", comments="", header="a,constant,nearly,red,green,blue")
    data = load_data(tmp_path / "t.csv")
    assert list(kinds(data).values()) == ["number", "constant", "number", "levels", "levels", "levels"]
    assert data.data_shape == (2 + 3 * 2,)
    found = back(data, tmp_path / "t.csv")
    assert (found["constant"] == 3.7).all()
    np.testing.assert_allclose(found["nearly"], x[:, 2], rtol=0, atol=1e-6 * 1e-7)
    np.testing.assert_array_equal(found[["red", "green", "blue"]], x[:, 3:])
    assert float(data.train.x[:, 1].std()) == pytest.approx(1, abs=0.2)


def test_missing_cells_in_any_column(tmp_path):
    rows = [f"{RNG.normal():.2f},{RNG.integers(0, 99)},{RNG.choice(['u', 'v'])}".split(",") for _ in range(N)]
    for at in range(0, N, 10):
        rows[at][at // 10 % 3] = ["", "NA", "NULL", "#N/A"][at // 10 % 4]
    path = written(tmp_path, "a,n,w\n" + "".join(",".join(row) + "\n" for row in rows))
    data = load_data(path)
    assert all(kind.missing for kind in data.table.columns)
    found = back(data, path)
    gaps = np.array([[cell in ("", "NA", "NULL", "#N/A") for cell in row] for row in rows])
    np.testing.assert_array_equal(found.isna().to_numpy(), gaps)
    assert [str(cell) for cell in found["n"][~gaps[:, 1]]] == [
        row[1] for row, gap in zip(rows, gaps[:, 1], strict=True) if not gap
    ]
    assert str(found["n"].dtype) == "Int64"


def test_a_class_of_two_rows_and_shares_of_95_to_5(tmp_path):
    label = np.append(np.where(RNG.random(N) < 0.05, "ill", "well"), ["rare", "rare"])
    data = load_data(saved(tmp_path, a=RNG.normal(size=N + 2), label=label))
    ill, rare, well = (int((label == name).sum()) for name in data.classes)
    counts = {name: np.bincount(split.y, minlength=3) for name, split in data.splits.items()}
    for split in ("validation", "test"):
        np.testing.assert_allclose(counts[split], [ill / 10, 0, well / 10], atol=1)
    assert counts["train"][1] == rare == 2


def test_the_command_writes_a_schema_and_reads_it_when_a_person_has_changed_it(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    saved(
        tmp_path,
        id=[f"no. {at}" for at in range(N)],
        income=RNG.lognormal(10, 1, N).round(2),
        zip=RNG.integers(10_000, 10_090, N),
    )
    code, out, error = said(capsys, "data", "t.csv", "--schema-out", "t.schema.json")
    assert code == 0, error
    assert "'id' is left out" in out.replace("\n", " ")
    assert "--columns income=log may suit a model better" in " ".join(out.split())
    plain = json.loads((tmp_path / "t.schema.json").read_text())
    assert [column["kind"] for column in plain["columns"]] == ["identifier", "number", "integer"]
    plain["columns"][1]["kind"], plain["columns"][2]["kind"] = "log", "category"
    (tmp_path / "t.schema.json").write_text(json.dumps(plain))
    code, out, error = said(capsys, "data", "t.csv", "--schema", "t.schema.json", "--json")
    assert code == 0, error
    assert [column["kind"] for column in json.loads(out)["table"]] == ["identifier", "log", "category"]
    (tmp_path / "mine.json").write_text("{}")
    code, _, error = said(capsys, "data", "t.csv", "--schema-out", "mine.json")
    assert (code, "mine.json is there already" in error) == (2, True)
    code, _, error = said(capsys, "data", "ring", "--schema-out", "new.json")
    assert (code, "ring is no table" in error) == (2, True)
    code, _, error = said(capsys, "data", "t.csv", "--schema", "mine.json")
    assert (code, error) == (
        2,
        'reparam: mine.json is no schema of a table: it holds "form", table or array, and "columns", a list\n',
    )
    assert not (tmp_path / "new.json").exists()


def test_a_run_reads_new_tables_by_its_own_schema(tmp_path, capsys):
    """Trained with a command, asked with a DataFrame and with another file, its columns in another order."""
    path = saved(
        tmp_path,
        id=[f"no. {at}" for at in range(N)],
        age=RNG.integers(18, 80, N),
        sex=RNG.choice(["f", "m"], N),
        w=RNG.normal(75, 9, N).round(1),
    )
    run = tmp_path / "run"
    argv = ["train", "vae", "--data", path, "--steps", 3, "--hidden", 8, "--latent-dim", 2, "--out", run, "--quiet"]
    code, _, error = said(capsys, *argv)
    assert code == 0, error
    import reparam

    loaded = reparam.load(run)
    assert isinstance(loaded.record.schema, TableSchema)
    assert loaded.data.table == loaded.record.schema
    frame = pd.read_csv(path)
    codes = loaded.encode(frame)
    np.testing.assert_array_equal(loaded.encode(frame[["w", "sex", "age"]]), codes)
    frame[["w", "age", "sex"]].to_csv(tmp_path / "new.csv", index=False, sep=";")
    code, _, error = said(capsys, "encode", run, tmp_path / "new.csv", "--out", tmp_path / "z.npz")
    assert code == 0, error
    np.testing.assert_array_equal(np.load(tmp_path / "z.npz")["z"], codes)
    assert loaded.log_prob(frame[:4], samples=3).shape == (4,)
    np.testing.assert_array_equal(loaded.reconstruct(frame[:4]).x, loaded.reconstruct(frame[["sex", "w", "age"]][:4]).x)
    frame.assign(age=200, sex="q").to_csv(tmp_path / "new.csv", index=False)
    code, _, error = said(capsys, "score", run, tmp_path / "new.csv", "--out", tmp_path / "s.csv")
    assert code == 2
    assert "'age' (integer: " in error
    assert f"also holds '200' {N} times" in error
    assert f"also holds 'q' {N} times" in error
