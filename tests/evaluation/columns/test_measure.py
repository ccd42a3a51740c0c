"""A made table measured as a whole: from Python, from the command, beside the floor; and what is refused."""

import json

import numpy as np
import pandas as pd
import pytest

import reparam
from helpers import said
from reparam.data import Dataset
from reparam.errors import UserError
from reparam.evaluation import table_measures
from reparam.evaluation.columns.card import COVERAGE, NEARER, NEW, TOLD
from reparam.evaluation.columns.measure import TableYardstick
from reparam.evaluation.columns.rows import Codebook
from reparam.evaluation.columns_apart import column_groups
from reparam.evaluation.two_sample import classifier_test

RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def by(run):
    return TableYardstick(reparam.load(run).data)


def scores(card):
    return {score.name: score for score in card.scores()}


def test_rows_held_out_are_as_good_as_the_data(by):
    found = scores(by.floor())
    assert {"column shapes", "pair trends", "missing shares", "AUC of town, trained on the rows", NEW} < found.keys()
    for name in (TOLD, NEARER):
        assert found[name].gap < 4 * found[name].standard_error
    assert found["category adherence"].value == 1
    assert found["AUC of town, trained on the rows"].value > 0.7


def test_a_run_has_every_measure_with_its_error(by, run):
    card = by.measure(reparam.load(run))
    found = scores(card)
    assert found.keys() >= scores(by.floor()).keys()
    assert all(np.isfinite(one.value) and one.standard_error >= 0 for one in found.values())
    assert [one.name for one in card.columns] == ["age", "income", "town", "joined"]
    assert set(card.calibration.names) == {"age", "income", "town", "joined"}
    for figure in (card.figure(), card.distances_figure(), card.transforms_figure()):
        assert figure.axes
    again = table_measures(run)
    assert scores(again) == found


def test_a_copy_of_the_training_rows_is_found_out(by):
    """Training rows in the samples' place: every one is nearer to them, and none is new."""
    rows = np.arange(by.n)
    copied = by._card([one.take(rows) for one in by.reference], by.x[rows], by.test, "copies")
    assert not copied.fresh.any()
    found = scores(copied)
    assert found[NEARER].value - 0.5 > 4 * found[NEARER].standard_error
    assert found[NEARER].value > 0.95
    assert found[NEW].value == 0
    assert found["column shapes"].value > 0.9


def test_the_command_prints_a_table_and_json_holds_it(run, capsys):
    code, out, _ = said(capsys, "evaluate", run, "--table", "--target", "income")
    assert code == 0
    for words in ("column shapes", "R² of income", COVERAGE, "test set", "predicted: income"):
        assert words in out
    code, out, _ = said(capsys, "evaluate", run, "--table", "--json")
    found = json.loads(out)
    card, floor = found["table"][str(run)], next(iter(found["table_floor"].values()))
    assert card["scores"]["column shapes"]["standard_error"] > 0
    assert floor["scores"][COVERAGE]["value"] == 0.9
    assert len(card["pairs"]) == 6
    assert {one["column"] for one in card["gives_away"]} == {"age", "income", "town", "joined"}


def test_what_cannot_be_measured_is_said(run, capsys):
    code, _, err = said(capsys, "evaluate", run, "--table", "--target", "shoe")
    assert (code, "target" in err or "--target" in err) == (2, True)
    assert "age, income, town, joined, or all" in err
    with pytest.raises(UserError, match="too few to measure by"):
        TableYardstick(Dataset.of(pd.DataFrame(RNG.normal(size=(90, 2)), columns=["a", "b"])))
    with pytest.raises(UserError, match="is no table"):
        TableYardstick(reparam.load_data("ring"))


def test_a_classifier_names_the_column_and_not_its_entries(by):
    """Towns exchanged among rows: it is the town, or what hangs on it, that gives them away."""
    x = by.x[:400].copy()
    names = [kind.name for kind in by.schema.seen]
    place = slice(2 + 1, 2 + 1 + 3)  # age; income and whether it is there; three towns
    assert names[2] == "town"
    x[:, place] = np.eye(3)[np.zeros(400, int)]
    first, *others = classifier_test(by.x[:400], x, permutations=50, groups=column_groups(by.schema)).features
    assert first.name == "town"
    assert first.p_value < 1e-6
    assert first.distance == pytest.approx(1 - by.x[:400, place].mean(0)[0], abs=1e-6)
    assert all(one.distance == 0 for one in others)


def test_two_tables_are_told_apart_by_their_columns(run, capsys):
    code, out, _ = said(capsys, "two-sample", run, run.parent / "people.csv", "--permutations", "50", "--json")
    assert code == 0
    features = {one["name"] for one in json.loads(out)["classifier"]["features"]}
    assert features == {"age", "income", "town", "joined"}


def test_words_have_the_same_codes_in_every_table(by):
    book = Codebook(by.schema)
    first, second = book.rows(by.x[:50]), book.rows(by.x[50:100])
    town = by.schema.cells(by.x[50:100]).columns[2].values
    assert [book.word("town", int(code)) for code in second[2].values] == list(town)
    assert first[3].values.min() > 1e15  # microseconds
