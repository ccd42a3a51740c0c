"""What a report shows first: samples, numbers and costs of each model, one paragraph, and curves in shared axes."""

import io
import math
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from reparam.runs.run import load
from reparam.studies import Protocol, Trial, charts, judge, quality_rules
from reparam.studies.lead import MOST, lead
from reparam.studies.order import differences
from reparam.studies.overview import overview
from reparam.studies.strips import density, strip_of, strip_of_data, tiled
from reparam.studies.summary import scores
from reparam.studies.write import _conclusion


@pytest.fixture(scope="module")
def results(compared):
    given = [Trial(name, compared / name, load(compared / name)) for name in ("autoencoder-2", "vae-2", "gan")]
    return judge(given, Protocol(count=100, images=10))


def seeds_of(results, changes):
    """The results with as many seeds of each model as there are changes of its Fréchet distance and log p(x)."""
    made = []
    for seed, by in enumerate(changes):
        for one in results.results:
            training = one.run.config.training.model_copy(update={"seed": seed})
            run = replace(one.run)
            run.__dict__["config"] = one.run.config.model_copy(update={"training": training})
            frechet = replace(one.card.frechet, value=one.card.frechet.value + by)
            made.append(replace(one, trial=replace(one.trial, run=run), card=replace(one.card, frechet=frechet)))
    return replace(results, results=tuple(made))


def test_each_model_has_samples_numbers_and_costs_beside_real_examples(results):
    found = overview(results)
    assert [entry.name for entry in found.entries] == ["real test examples", "autoencoder-2", "vae-2", "gan"]
    assert [gauge.name for gauge in found.gauges] == ["Fréchet distance", "precision", "recall", "log p(x) (nats)"]
    assert all(entry.strip is not None for entry in found.entries)
    assert all("epochs" in entry.facts and "parameters" in entry.facts for entry in found.entries[1:])
    assert [entry.readings[3].value is None for entry in found.entries] == [True, True, False, True]
    assert found.gauges[0].floor == results.floor.frechet.value
    assert found.gauges[3].floor is None, "no examples have a likelihood by themselves"
    for entry in found.entries[1:]:
        low, high = found.gauges[0].low, found.gauges[0].high
        assert low <= entry.readings[0].value - entry.readings[0].error
        assert entry.readings[0].value + entry.readings[0].error <= high


def test_without_likelihoods_the_two_sample_test_takes_their_place(results):
    games = replace(results, results=tuple(one for one in results.results if one.name == "gan"))
    assert [gauge.name for gauge in overview(games).gauges] == [
        "Fréchet distance",
        "precision",
        "recall",
        "two-sample accuracy",
    ]


def test_a_likelihood_that_cannot_be_trusted_is_no_point_of_a_scale(results):
    vae = results.results[1]
    poor = replace(vae, likelihood=replace(vae.likelihood, effective_sample_size=(1.1, 1.0)))
    names = [gauge.name for gauge in overview(replace(results, results=(poor,))).gauges]
    assert "log p(x) (nats)" not in names


def test_each_seed_is_a_stroke_and_the_bar_their_deviation(results):
    found = overview(seeds_of(results, (-1.0, 0.0, 1.0)))
    reading, before = (one.entries[3].readings[0] for one in (found, overview(results)))
    assert reading.value == pytest.approx(before.value)
    assert reading.seeds == pytest.approx((before.value - 1, before.value, before.value + 1))
    assert reading.error == pytest.approx(1.0)


def test_the_paragraph_is_short_and_begins_with_what_the_rules_found(results):
    text = lead(results)
    assert text.startswith(quality_rules.closest(results)[0])
    assert "log p(x)" in text
    assert text.count(". ") < MOST
    repeated = results.results[2].card
    copying = replace(repeated, memorization_values=replace(repeated.memorization_values, copies=0.5))
    bad = replace(results, results=(*results.results[:2], replace(results.results[2], card=copying)))
    assert lead(bad).endswith("`gan`: samples repeat training examples; their other numbers say little.")


def test_every_finding_is_there_to_be_unfolded(results):
    conclusion = _conclusion(results)
    assert all(sentence in conclusion.more[0].text for sentence in results.conclusion)


def test_curves_share_axes_where_units_are_the_same(results):
    by_label = {chart.y_label: [one.label for one in chart.series] for chart in charts.bounds(results)}
    assert by_label == {
        "reconstruction: log p(x|z) at the code of x (nats per example)": ["autoencoder-2"],
        "lower bound of log p(x) (ELBO) (nats per example)": ["vae-2"],
    }
    twice = charts.bounds(seeds_of(results, (0.0, 1.0)))
    assert [len(chart.series) for chart in twice] == [2, 2]
    assert [len(chart.legend) for chart in twice] == [1, 1]
    (game,) = charts.games(results)
    assert game.series[0].label == "gan"
    assert game.series[0].colour == 2, "a model has the same colour everywhere"


def test_a_curve_is_the_validation_rows_of_the_log(results):
    vae = results.results[1]
    rows = [row for row in vae.run.rows if row["split"] == "validation"]
    series = charts.bounds(replace(results, results=(vae,)))[0].series[0]
    assert list(series.x) == [row["epoch"] for row in rows]
    assert list(series.y) == [row["elbo"] for row in rows]


def test_a_log_without_numbers_draws_no_curve(results):
    vae = results.results[1]
    rows = [{**row, "elbo": None} for row in vae.run.rows]
    empty = replace(vae, trial=replace(vae.trial, run=replace(vae.run, rows=rows)))
    assert charts.bounds(replace(results, results=(empty,))) == []


def test_the_table_of_differences_follows_the_tests(results):
    table = differences(results)
    rows = {row[0]: row for row in table.rows}
    assert "Fréchet distance" in rows
    assert "log p(x)" not in rows, "one model alone has none to be compared with"
    sure = seeds_of(results, (-1e-6, 0.0, 1e-6))
    row = {row[0]: row for row in differences(sure).rows}["Fréchet distance"]
    values = {one.name: one.card.frechet.value for one in results.results}
    assert row[1] == min(values, key=values.get)
    assert row[4] == "–", "what is told apart needs nothing more"


def test_runs_of_one_name_and_seed_are_both_counted(results):
    """Trained apart, they may lie in folders of one name."""
    twice = replace(results, results=results.results * 2)
    assert all(len(row["recall"].values) == 2 for row in scores(twice).values())


def test_tiles_of_a_strip_are_the_images_in_their_order():
    images = np.linspace(0, 1, 16).reshape(16, 1, 1, 1).repeat(3, 2).repeat(2, 3)
    sheet = np.asarray(tiled(images))
    assert sheet.shape == (7, 23)
    assert [sheet[4 * (i // 8), 3 * (i % 8)] for i in range(16)] == [round(255 * i / 15) for i in range(16)]
    assert tiled(np.zeros((3, 3, 100, 200))).size == (3 * 65 - 1, 32), "large ones are made smaller"


def test_points_of_a_plane_are_dark_where_they_are():
    frame = np.array([[0.0, 0.0], [1.0, 1.0]], np.float32)
    shown = np.asarray(density(np.full((50, 2), 0.99, np.float32), frame))
    down, across = np.argwhere(shown == 0).mean(0) / shown.shape[0]
    assert down < 0.2
    assert across > 0.8
    assert (density(np.full((5, 2), 9.0, np.float32), frame).getextrema()) == (255, 255), "what is outside is not seen"


def test_real_examples_are_shown_as_samples_are(results):
    """Grey where the model sees them binarized: samples are drawn by their means."""
    strip = strip_of_data(results.results[1].run)
    shown = strip_of(results.results[1].run, "vae-2")
    assert strip.size == shown.size
    with Image.open(io.BytesIO(strip.png)) as image:
        levels = {level for _, level in image.getcolors(1000)}
    assert len(levels) > 20
    assert math.prod(strip.size) > 0
