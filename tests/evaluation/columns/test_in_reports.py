"""The section of a report that is of tables."""

import json

import pytest

import reparam
from reparam.studies.columns_report import section


@pytest.fixture(scope="module")
def results(run):
    return reparam.report(run, run.parent / "report.html", count=300, images=20)


def test_a_table_has_its_section_with_numbers_and_pictures(results, run):
    numbers, columns, pictures = section(results)
    names = [row[0] for row in numbers.tables[0].rows]
    assert {"column shapes", "pair trends", "new rows", "AUC of town, trained on the rows"} < set(names)
    assert numbers.tables[0].columns == ("measure", "ideal", "run", "floor: test set")
    assert [row[0] for row in columns.tables[0].rows] == ["age", "income", "town", "joined"]
    assert len(pictures.figures) == 3
    assert {path.name for path in (run / "figures").glob("report-table-*.png")} == {
        f"report-table-{name}.png" for name in ("pairs", "closest", "places")
    }
    assert "Table: columns" in (run.parent / "report.html").read_text()


def test_its_numbers_are_among_the_scores(results, run):
    told = json.loads((run.parent / "report.json").read_text())
    kept = {(row["model"], row["measure"]) for row in told["scores"]}
    assert {("run", "column shapes"), ("run", "distance from calibration")} < kept
    assert len({model for model, measure in kept if measure == "column shapes"}) == 2  # the run and the floor
    assert "column shapes" in told["comparisons"]
    card = next(iter(told["results"].values()))["table"]
    assert card["scores"].keys() == {score.name for score in results.results[0].table.scores()}
