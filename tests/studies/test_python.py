"""``reparam.evaluate``, ``compare`` and ``report`` in Python are what the commands call, and give results."""

import json
from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

import reparam
from helpers import quiet_fit, said, small_data, small_vae
from reparam.cli.flags import translated
from reparam.errors import UserError

NAMES = ("autoencoder-2", "vae-2", "gan")
FEW = {"samples": 5, "images": 10, "count": 100}


@pytest.fixture(scope="module")
def found(compared):
    return reparam.evaluate([compared / name for name in NAMES], **FEW)


def test_an_evaluation_is_what_the_command_prints(found, compared, capsys):
    flags = [word for name, value in FEW.items() for word in (f"--{name}", value)]
    runs = [compared / name for name in NAMES]
    code, out, _ = said(capsys, "evaluate", *runs, *flags, "--json")
    told = json.loads(out)
    flags_of = {name: translated(why) for name, why in found.left_out["log_likelihood"].items()}
    assert "proposal=" in str(found.left_out)
    found = replace(found, left_out={"log_likelihood": flags_of, "quality": {}})
    ours = json.loads(json.dumps(found.json(), allow_nan=False))
    for results in (told, ours):
        for one in results["log_likelihood"].values():
            assert one.pop("seconds") > 0
    assert (code, told) == (0, ours)
    assert said(capsys, "evaluate", *runs, *flags)[1] == translated(f"{found}\n")


def test_an_evaluation_has_numbers_and_a_figure(found, compared):
    name = str(compared / "vae-2")
    assert found[name].likelihood.examples == 10
    np.testing.assert_array_equal(found.numbers[f"log p(x) of {name}"], found[name].likelihood.values)
    assert set(found.values) == {name}
    assert len(found.numbers["measure"]) == len(found.numbers[f"scores of {name}"]) == 14
    panels = found.figure().axes
    assert [axes.get_title() for axes in panels[:2]] == ["log p(x) (nats)", "Fréchet distance"]
    assert len(panels[0].get_yticklabels()) == len(NAMES) + 1, "the floor is there, too"
    assert repr(found) == str(found)


def test_runs_in_memory_are_measured_under_names_of_their_own(compared):
    runs = [quiet_fit(small_vae(), small_data(), steps=2, seed=seed) for seed in (0, 1)]
    settings = {"measures": ("log_likelihood",), "samples": 3, "images": 5}
    assert [one.name for one in reparam.evaluate(runs, **settings).measured] == ["VAE", "VAE 2"]
    alone = reparam.evaluate(runs[0], **settings)
    named = reparam.evaluate({"mine": runs[0], "gone": "nowhere"}, **settings)
    np.testing.assert_array_equal(alone["VAE"].likelihood.values, named["mine"].likelihood.values)
    assert named.left_out == {"log_likelihood": {"gone": "nowhere is no run folder: there is no such folder"}}
    both = reparam.evaluate([runs[0], compared / "vae-2"], **settings)
    with pytest.raises(UserError, match=r"do not compare \(small, grey.npz\)"):
        both.figure()


@pytest.mark.parametrize(
    ("runs", "settings", "words"),
    [
        ([], {}, "no run was named"),
        (["x"], {"count": 0}, "count=0 takes no examples"),
        (["x"], {"measures": ("beauty",)}, "no measure 'beauty'"),
    ],
)
def test_mistakes_are_told(runs, settings, words):
    with pytest.raises(UserError, match=words):
        reparam.evaluate(runs, **settings)


def test_a_comparison_in_python_goes_on_in_the_folder_of_the_commands(grey, compared):
    said = []
    results = reparam.compare(NAMES, str(grey), epochs=1, count=100, images=10, out=compared, say=said.append)
    assert sum("finished already" in line for line in said) == 3
    assert results.page == compared / "report.html"
    assert str(results).splitlines()[-1] == f"open {results.page}"
    assert str(results).splitlines()[: len(results.conclusion)] == results.conclusion
    written = json.loads(results.page.with_suffix(".json").read_text())
    assert written.pop("made_by").startswith("reparam")
    assert written == json.loads(json.dumps(results.json(), allow_nan=False))
    numbers = results.numbers
    assert numbers["value"].shape == numbers["error"].shape == (3, len(numbers["measure"])) == (3, 15)
    assert numbers["run"].tolist() == list(NAMES)
    row = numbers["value"][1]
    assert row[0] == results.results[1].likelihood.mean
    assert row[1] == results.results[1].card.frechet.value
    assert np.isnan(numbers["value"][[0, 2], 0]).all()
    assert isinstance(results.figure(), Figure)


def test_a_report_of_runs_in_python(compared, tmp_path):
    runs = [reparam.load(compared / "vae-2"), compared / "gan"]
    results = reparam.report(runs, tmp_path / "r.html", count=100, images=10)
    assert [result.name for result in results.finished] == ["vae-2", "gan"]
    assert results.protocol is None
    assert results.page.exists()
    with pytest.raises(UserError, match="lives in memory"):
        reparam.report([quiet_fit(small_vae(), small_data(), steps=2)])


def test_the_commands_defaults_are_the_functions(capsys):
    """A flag and its argument cannot come to differ."""
    from dataclasses import fields
    from inspect import signature

    from reparam.cli.compare import CompareOptions
    from reparam.cli.evaluate import SETTINGS, EvaluateOptions
    from reparam.cli.report import ReportOptions
    from reparam.studies import Asked, compare, report

    for options, function in ((CompareOptions, compare), (ReportOptions, report)):
        arguments = signature(function).parameters
        flags = {field.name: field.default for field in fields(options)}
        shared = flags.keys() & arguments.keys() - {"runs", "quiet", "reading"}
        assert len(shared) >= 3
        assert {name: str(flags[name]) for name in shared} == {n: str(arguments[n].default) for n in shared}
    asked = {field.name: field.default for field in fields(Asked)}
    assert set(SETTINGS) == set(asked)
    flags = {field.name: field.default for field in fields(EvaluateOptions)}
    assert all(flags[name] == asked[name] for name in set(SETTINGS) - {"measures"})


def test_likelihoods_of_different_values_are_not_ranked_against_each_other(tmp_path):
    """A probability of zeros and ones is none of a density, however much larger its logarithm."""
    from dataclasses import replace

    from reparam.studies.likelihood_rules import best_likelihood
    from reparam.studies.summary import comparable

    grey = np.random.default_rng(0).integers(0, 256, (400, 8, 8), dtype=np.uint8)
    np.save(tmp_path / "x.npy", grey)
    found = reparam.compare(["vae-2"], data=str(tmp_path / "x.npy"), epochs=1, count=60, images=5, out=tmp_path / "out")
    (one,) = found.results
    other = replace(one.trial, name="density", run=replace(one.run, written=None))
    other.run.__dict__["record"] = replace(one.run.record, binary=False, binarization="none")
    both = replace(found, results=(one, replace(one, trial=other)))
    assert len(comparable(found)) == 1
    assert len(comparable(both)) == 2
    said = " ".join(best_likelihood(both))
    assert "do not compare" in said
    assert "next is" not in said


def test_rows_of_a_table_compare_with_each_other_and_with_no_density_of_their_codes(tmp_path):
    """By column, log p is in the columns' own units; of the vector that stands for a row it is another number."""
    from dataclasses import replace

    from reparam.kinds import VAEConfig, build_model
    from reparam.studies.summary import comparable

    rng = np.random.default_rng(0)
    lines = [f"{rng.normal():.4f},{rng.integers(0, 40)},{rng.choice(['a', 'b'])}" for _ in range(400)]
    (tmp_path / "x.csv").write_text("\n".join(["size,count,word", *lines]))
    found = reparam.compare(["vae-2"], data=str(tmp_path / "x.csv"), epochs=1, count=60, images=5, out=tmp_path / "out")
    (one,) = found.results
    (values,) = comparable(found)
    assert values.startswith("rows of a table")
    other = build_model(VAEConfig(likelihood="normal"), one.run.model.data_shape)
    beside = replace(one.trial, name="normal", run=replace(one.run, model=other))
    assert len(comparable(replace(found, results=(one, replace(one, trial=beside))))) == 2
    again = replace(one.trial, name="again", run=one.run)
    assert len(comparable(replace(found, results=(one, replace(one, trial=again))))) == 1
