"""What changed since the last report, and two comparisons side by side: beyond the errors, or not said to be."""

import json
import shutil
from dataclasses import replace

import pytest

import reparam
from helpers import said
from reparam.errors import UserError
from reparam.studies.changes import changes, table, told
from reparam.studies.previous import place_of
from reparam.studies.record import Point, Record, read_record, record_of
from study_helpers import SMALL


def record(points, protocol=None, fingerprint="f"):
    """Numbers by model, measure and seed, each with an error of 0.01 and the ideal 1."""
    made = {key: {seed: Point(value, 0.01, 1.0) for seed, value in enumerate(values)} for key, values in points.items()}
    return Record("data", fingerprint, protocol or {"seconds": 1.0}, made)


def with_value(value):
    """A report whose only number is this."""
    row = '{"model": "a", "seed": 0, "measure": "b", "standard_error": 1, "ideal": 1, "only_above": true'
    row += f', "value": {value}}}'
    return f'{{"scores": [{row}], "data": null, "protocol": null}}'


@pytest.fixture
def study(compared, tmp_path):
    """A comparison of one's own."""
    return shutil.copytree(compared, tmp_path / "study")


def test_only_what_lies_beyond_the_errors_is_said():
    before = record({("vae", "recall"): [0.5], ("vae", "precision"): [0.8], ("gan", "recall"): [0.1]})
    after = record({("vae", "recall"): [0.7], ("vae", "precision"): [0.81], ("gan", "recall"): [0.1]})
    found = {(one.model, one.measure): one for one in changes(before, after)}
    assert [key for key, one in found.items() if one.beyond] == [("vae", "recall")]
    assert found["vae", "recall"].better
    (sentence,) = told(before, after)
    assert sentence == (
        "Beyond the errors, of 3 numbers that both have: `vae`: recall 0.500 ± 0.010 → 0.700 ± 0.010 (better)."
    )
    assert told(before, before) == ["Of 3 numbers that both have, none differs by more than the errors."]
    assert [row[1] for row in table(before, after).rows] == ["recall", "precision"], "what is the same is left out"
    assert table(before, before) is None


def test_where_only_more_is_a_fault_less_is_no_better():
    pair = [Record("d", "f", {}, {("gan", "copies"): {0: Point(value, 0.01, 0.5, True)}}) for value in (0.1, 0.3)]
    (found,) = changes(*pair)
    assert found.beyond
    assert found.text.endswith("(neither better nor worse)")
    assert Point(0.7, None, 0.5, True).gap == pytest.approx(0.2)
    assert Point(-3.0, None, None).gap == 3.0


def test_many_numbers_alike_are_hardly_ever_said_to_differ():
    """200 numbers, each 2.5 errors away: one alone would be told, of many Holm's correction knows."""
    before = record({(f"m{i}", "recall"): [0.5] for i in range(200)})
    after = record({(f"m{i}", "recall"): [0.5 + 0.025 * 2**0.5] for i in range(200)})
    assert not any(one.beyond for one in changes(before, after))
    alone = [record({("m0", "recall"): [value]}) for value in (0.5, 0.5 + 0.025 * 2**0.5)]
    assert changes(*alone)[0].beyond


def test_other_protocols_models_and_seeds_are_said():
    before = record({("vae", "recall"): [0.5], ("gan", "recall"): [0.1]}, {"seconds": 1.0, "threads": 1})
    after = record({("vae", "recall"): [0.5, 0.6], ("avb", "recall"): [0.1]}, {"seconds": 9.0, "threads": 2})
    words = told(before, after)
    assert words[:4] == [
        "Made otherwise: seconds 1.0 → 9.0.",
        "Only in the second: `avb`.",
        "Only in the first: `gan`.",
        "Seeds: `vae` 1 → 2.",
    ]


def test_a_report_is_read_back_as_it_was_found(compared):
    read = read_record(compared / "report.json")
    assert read.models == ["autoencoder-2", "vae-2", "gan"]
    assert ("floor", "recall") in read.points
    told = json.loads((compared / "report.json").read_text())
    value = told["results"][str(compared / "gan")]["measures"]["frechet"]["value"]
    assert read.points["gan", "Fréchet distance"][0].value == value
    assert read.points["vae-2", "log p(x)"][0].ideal is None


@pytest.mark.parametrize(
    "content",
    [
        "{}",
        "[]",
        "{",
        '{"scores": 5, "data": null, "protocol": null}',
        '{"scores": [{}], "data": null, "protocol": null}',
        with_value('"x"'),
        with_value("true"),
        with_value("1" + "0" * 400),
        '{"scores": [], "data": 7, "protocol": null}',
    ],
)
def test_what_is_no_report_is_a_sentence(tmp_path, content):
    (tmp_path / "report.json").write_text(content)
    with pytest.raises(UserError, match=r"report\.json"):
        read_record(tmp_path / "report.json")


def test_the_last_reports_numbers_are_kept_and_what_changed_is_shown(grey, study, capsys):
    asked = ["compare", "--data", grey, "--models", "autoencoder-2", "vae-2", "gan", *SMALL, "--out", study]
    first = json.loads((study / "report.json").read_text())
    assert said(capsys, *asked)[0] == 0
    assert not place_of(study / "report.html").exists(), "the same numbers are no change"
    assert "What changed since" not in (study / "report.html").read_text()
    code, _, error = said(capsys, *["60" if word == "100" else word for word in asked])
    assert code == 0, error
    assert "What changed since the last report" in (study / "report.html").read_text()
    kept = json.loads(place_of(study / "report.html").read_text())
    assert kept["scores"] == first["scores"]
    found = json.loads((study / "report.json").read_text())["changes"]
    assert {(one["model"], one["measure"]) for one in found} >= {("gan", "recall"), ("floor", "recall")}
    assert "Made otherwise: count 100 → 60." in (study / "report.html").read_text()
    page = (study / "report.html").read_text()
    assert said(capsys, *["60" if word == "100" else word for word in asked])[0] == 0
    assert (study / "report.html").read_text() == page, "made once more it says the same"


def test_a_report_before_that_is_damaged_or_anothers_is_passed_over(grey, study, capsys):
    asked = ["compare", "--data", grey, "--models", "gan", *SMALL, "--out", study]
    (study / "report.json").write_text('{"made_by": "reparam 0.0", "scores": 1}')
    assert said(capsys, *asked)[0] == 0
    assert "What changed" not in (study / "report.html").read_text()


def test_two_comparisons_are_set_side_by_side(study, compared, tmp_path, capsys):
    """One of them with another number of one model."""
    told = json.loads((study / "report.json").read_text())
    for row in told["scores"]:
        if (row["model"], row["measure"]) == ("gan", "Fréchet distance"):
            row["value"] = 0.25 * row["value"]
    (study / "report.json").write_text(json.dumps(told))
    code, out, error = said(capsys, "report", compared, study, "--out", tmp_path / "both.html")
    assert code == 0, error
    assert "Beyond the errors, of" in out
    assert "`gan`: Fréchet distance" in out
    page = (tmp_path / "both.html").read_text()
    assert all(f"{model}, {name}" in page for model in ("vae-2", "gan") for name in ("study", "compared"))
    assert page.count("<img") == 6, "samples of each"
    assert "Play with the models" in page
    assert len(page.encode()) < 5_000_000
    for folder, name in ((study, "study"), (compared, "compared")):
        assert f"reparam explore {folder / 'vae-2'}" in page
        assert f"<h3>vae-2, {name}" in page or f">vae-2, {name}<" in page
    written = json.loads((tmp_path / "both.json").read_text())
    (beyond,) = [one for one in written["changes"] if one["beyond_errors"]]
    assert (beyond["model"], beyond["better"]) == ("gan", True)
    assert "numbers alone" not in page
    (study / "autoencoder-2" / "config.json").write_text("{")
    found = reparam.report([compared, study], tmp_path / "again.html")
    assert "autoencoder-2, study</code> is there by its numbers alone" in (tmp_path / "again.html").read_text()
    assert found.numbers["before"].shape == found.numbers["p"].shape
    assert len(found.figure().axes) >= 12
    assert str(found).startswith("Beyond the errors")


def test_one_comparison_stands_for_its_runs(compared, tmp_path, capsys):
    few = ["--count", 100, "--images", 10, "--out", tmp_path / "r.html"]
    code, _, error = said(capsys, "report", compared, *few)
    assert code == 0, error
    told = json.loads((tmp_path / "r.json").read_text())
    assert set(told["results"]) == {str(compared / name) for name in ("autoencoder-2", "vae-2", "gan")}
    assert told["protocol"]["epochs"] == 1
    ours, theirs = read_record(tmp_path / "r.json"), read_record(compared / "report.json")
    assert ours.points["gan", "recall"] == theirs.points["gan", "recall"]


def test_what_cannot_be_set_side_by_side_is_a_sentence(study, compared, tmp_path, capsys):
    out = ["--out", tmp_path / "r.html"]
    third = shutil.copytree(compared, tmp_path / "third")
    code, _, error = said(capsys, "report", study, compared, third, *out)
    assert (code, "3 were named" in error) == (2, True)
    code, _, error = said(capsys, "report", study, compared / "gan", *out)
    assert (code, "name runs, or comparisons" in error) == (2, True)
    told = json.loads((third / "report.json").read_text())
    told["data"]["fingerprint"] = "other"
    (third / "report.json").write_text(json.dumps(told))
    code, _, error = said(capsys, "report", compared, third, *out)
    assert (code, "different data do not compare" in error) == (2, True)
    (third / "report.json").unlink()
    code, _, error = said(capsys, "report", compared, third, *out)
    assert (code, "report.json is missing" in error) == (2, True)


def test_seeds_lie_beside_their_model(study):
    from reparam.studies.kept import kept_trials

    shutil.copytree(study / "gan", study / "gan-seed1")
    found = [(trial.name, trial.folder.name) for trial in kept_trials(study)]
    assert found == [("autoencoder-2",) * 2, ("gan",) * 2, ("vae-2",) * 2, ("gan", "gan-seed1")]


def test_results_and_their_record_are_the_same_numbers(compared):
    results = reparam.report([compared / "gan"], compared.parent / "one.html", count=100, images=10)
    made = record_of(results)
    assert made.points["gan", "recall"][0].value == results.results[0].card.manifold.recall
    with_before = replace(results, before=made)
    assert all(not one["beyond_errors"] for one in with_before.json()["changes"])
