"""The two-sample tests: exact under the null, powerful beyond it, and right about which feature it is."""

import json
import math
import time

import numpy as np
import pandas as pd
import pytest
import torch
from scipy import stats

import reparam
from reparam.cli.main import main
from reparam.errors import UserError
from reparam.evaluation import apart, columns_apart, telling, two_sample
from reparam.evaluation.two_sample import classifier_test, kernel_test


def normal(seed, n, d=2, shift=0.0):
    return np.random.default_rng(seed).normal(size=(n, d)) + shift


def uniformity(p_values):
    return stats.kstest(p_values, "uniform").pvalue


@pytest.fixture(scope="module")
def null_results():
    """250 classifier tests of two samples from one distribution."""
    return [
        classifier_test(
            normal(2 * i, 60), normal(2 * i + 1, 60), classifier="linear", permutations=99, seed=i, features=False
        )
        for i in range(250)
    ]


def test_under_the_null_the_successes_are_exactly_binomial(null_results):
    """So the p-values, which are discrete, are uniform once ties are broken at random."""
    n = null_results[0].held_out
    successes = np.array([round(result.accuracy * n) for result in null_results])
    at_least, more = stats.binom.sf(successes - 1, n, 0.5), stats.binom.sf(successes, n, 0.5)
    np.testing.assert_allclose([result.p_binomial for result in null_results], at_least, rtol=1e-9)
    rng = np.random.default_rng(0)
    assert uniformity(more + rng.random(len(more)) * (at_least - more)) > 0.01
    assert stats.binomtest(int(successes.sum()), n * len(successes)).pvalue > 0.01


@pytest.mark.parametrize("level", [0.05, 0.2, 0.5])
def test_under_the_null_no_p_value_rejects_more_often_than_it_says(null_results, level):
    for name in ("p_binomial", "p_permutation"):
        rejected = sum(getattr(result, name) <= level for result in null_results)
        assert stats.binomtest(rejected, len(null_results), level, alternative="greater").pvalue > 0.01
        assert rejected >= 0.4 * level * len(null_results), "and not much less often"


def test_under_the_null_the_kernels_p_values_are_uniform():
    p_values = [
        kernel_test(normal(2 * i, 40), normal(2 * i + 1, 40), permutations=99, seed=i).p_value for i in range(250)
    ]
    rng = np.random.default_rng(1)
    assert uniformity(np.array(p_values) - rng.random(250) / 100) > 0.01


def test_a_difference_is_found_by_both():
    x, y = normal(0, 500), normal(1, 500, shift=0.8)
    told, kernel = classifier_test(x, y), kernel_test(x, y)
    best = stats.norm.cdf(0.8 * math.sqrt(2) / 2)  # the best accuracy there is
    assert told.accuracy == pytest.approx(best, abs=0.06)
    assert told.p_binomial < 1e-10
    assert told.p_permutation == pytest.approx(1 / 1001)
    assert kernel.p_value == pytest.approx(1 / 501)


def test_the_network_sees_what_no_line_can():
    """Equal means, another spread."""
    x, y = normal(0, 800), 2.5 * normal(1, 800)
    assert classifier_test(x, y, classifier="linear", features=False).accuracy < 0.56
    assert classifier_test(x, y, features=False).accuracy > 0.65


def test_the_feature_that_differs_is_named():
    x, y = normal(0, 600, 6), normal(1, 600, 6)
    y[:, 3] += 1.5
    first, second, *_ = classifier_test(x, y).features
    assert first.name == "x4"
    assert first.drop > 0.15 > 4 * abs(second.drop)
    reference = stats.ks_2samp(x[:, 3], y[:, 3])
    assert first.distance == pytest.approx(reference.statistic)
    assert first.p_value == pytest.approx(6 * reference.pvalue)


def test_images_have_named_pixels():
    x = np.random.default_rng(0).random((80, 1, 3, 3))
    y = np.random.default_rng(1).random((80, 1, 3, 3))
    y[:, 0, 1, 2] += 3
    assert classifier_test(x, torch.from_numpy(y), classifier="linear").features[0].name == "pixel (1, 2)"


def test_the_squared_mmd_is_its_definition_and_has_its_closed_form_as_mean():
    x, y = normal(0, 41, 3), normal(1, 41, 3, shift=0.5)
    found = kernel_test(x, y, bandwidth=1.3, permutations=5)

    def k(a, b):
        return math.exp(-float(((a - b) ** 2).sum()) / (2 * 1.3**2))

    pairs = [(i, j) for i in range(41) for j in range(41) if i != j]
    same = sum(k(x[i], x[j]) + k(y[i], y[j]) for i, j in pairs) / (41 * 40)
    across = sum(k(a, b) for a in x for b in y) / 41**2
    assert found.squared_mmd == pytest.approx(same - 2 * across, rel=1e-9)
    # E k(x, y) between normals is a normal integral: here with variance 2 + 1.3² per dimension
    scale = (1.3**2 / (2 + 1.3**2)) ** 1.5
    exact = 2 * scale * (1 - math.exp(-0.75 / (2 * (2 + 1.3**2))))
    values = [
        kernel_test(normal(i, 50, 3), normal(i + 999, 50, 3, 0.5), bandwidth=1.3, permutations=1).squared_mmd
        for i in range(200)
    ]
    assert abs(np.mean(values) - exact) < 4.5 * np.std(values) / 200**0.5


@pytest.mark.parametrize(("n", "m"), [(41, 40), (40, 41), (90, 40), (40, 90)])
def test_samples_of_any_sizes_are_compared_by_the_definitions(n, m):
    x, y = normal(0, n, 3), normal(1, m, 3, shift=0.3)
    found = kernel_test(x, y, bandwidth=1.3, permutations=5)
    squares = [((a[:, None] - b) ** 2).sum(-1) for a, b in ((x, x), (y, y), (x, y))]
    within_x, within_y, across = (np.exp(-square / (2 * 1.3**2)) for square in squares)
    expected = (within_x.sum() - n) / (n * (n - 1)) + (within_y.sum() - m) / (m * (m - 1)) - 2 * across.mean()
    assert found.squared_mmd == pytest.approx(expected, rel=1e-9)
    assert found.n == (n, m)
    told = classifier_test(x, y, permutations=3)
    assert told.held_out == min(n, m)
    for feature in told.features:
        reference = stats.ks_2samp(*(z[:, int(feature.name[1:]) - 1] for z in (x, y)))
        assert feature.distance == pytest.approx(reference.statistic, rel=1e-12)
        assert feature.p_value == pytest.approx(min(1.0, 3 * reference.pvalue), rel=1e-9)


def test_under_the_null_the_kernels_p_values_are_uniform_for_unequal_sizes():
    p_values = [
        kernel_test(normal(2 * i, 90), normal(2 * i + 1, 40), permutations=99, seed=i).p_value for i in range(250)
    ]
    assert uniformity(np.array(p_values) - np.random.default_rng(1).random(250) / 100) > 0.01


def test_distances_of_values_that_repeat_are_scipys():
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 4, (70, 2)), rng.integers(0, 5, (50, 2))
    for feature in classifier_test(x, y, classifier="linear", permutations=1).features:
        column = int(feature.name[1:]) - 1
        assert feature.distance == pytest.approx(stats.ks_2samp(x[:, column], y[:, column]).statistic, rel=1e-12)


def anew(judge, points):
    """What a classifier says of points, by its layers, the plainest way."""
    inside = (points - judge.centre) / judge.scale @ judge.weights + judge.bias
    behind = inside[:, 0] if judge.out is None else np.maximum(inside, 0) @ judge.out
    return behind + judge.threshold > 0


@pytest.mark.parametrize("classifier", ["network", "linear"])
def test_the_drop_of_a_feature_is_that_of_predicting_all_anew(classifier):
    x, y = normal(0, 200, 5), normal(1, 200, 5) + np.array([0, 0.5, 0, 1, 0])
    x[:, 2] = y[:, 2] = 7.0  # a constant loses nothing
    train, test, truth = two_sample._split(x, y, np.random.default_rng(3))
    judge = telling.fitted(classifier, *train, 0)
    found = columns_apart.drops(
        judge, judge.inside(test), test, truth, columns_apart.features_of((5,)), np.random.default_rng(4)
    )
    rng = np.random.default_rng(4)
    for column, drop in enumerate(found):
        shuffled = test.copy()
        shuffled[:, column] = rng.permutation(test[:, column])
        assert drop == pytest.approx((anew(judge, test) == truth).mean() - (anew(judge, shuffled) == truth).mean())
    assert found[2] == 0.0
    assert found.max() > 0.05


@pytest.mark.parametrize("classifier", ["network", "linear"])
@pytest.mark.parametrize("width", [40, 3000])
def test_the_layers_say_what_scikit_learn_says(classifier, width, monkeypatch):
    kept = []
    trained = telling._trained
    monkeypatch.setattr(telling, "_trained", lambda *given: kept.append((trained(*given), given[1])) or kept[-1][0])
    x, labels = np.concatenate([normal(0, 90, width), normal(1, 90, width, 0.3)]), np.repeat([0, 1], 90)
    judge = telling.fitted(classifier, x, labels, 0)
    ((model, seen),) = kept
    np.testing.assert_allclose(seen, (x - x.mean(0)) / x.std(0), atol=1e-9 if width == 40 else 1e-5)
    assert (judge.decide(judge.inside(x)) == model.predict(seen)).all()


def test_the_types_in_which_samples_come_change_nothing():
    """8-bit values, the same in float32, and one of each."""
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 200, (80, 2000), dtype=np.uint8), rng.integers(0, 202, (80, 2000), dtype=np.uint8)
    found = classifier_test(x, y, permutations=5)
    assert classifier_test(x.astype(np.float32), y, permutations=5) == found
    assert kernel_test(x, torch.from_numpy(y).float()) == kernel_test(x, y)


def test_distances_of_wide_examples_are_those_of_their_differences():
    """Far from 0, and summed some columns at a time."""
    x = np.random.default_rng(0).normal(size=(60, 3000)) + 1e4
    expected = ((x[:, None] - x) ** 2).sum(-1)
    np.testing.assert_allclose(two_sample._squared_distances(x), expected, rtol=1e-5, atol=0.02)


def test_many_features_take_seconds():
    """12,288 took half an hour, each of them a prediction of every held-out point by all of them."""
    rng = np.random.default_rng(0)
    x, y = rng.random((60, 12_288), np.float32), rng.random((60, 12_288), np.float32)
    started = time.process_time()
    assert len(classifier_test(x, y, classifier="linear").features) == 12_288
    kernel_test(x, y)
    assert time.process_time() - started < 10


def test_the_command_compares_files_of_any_sizes(tmp_path, capsys):
    np.save(tmp_path / "a.npy", normal(0, 120, 3))
    np.save(tmp_path / "b.npy", normal(1, 60, 3))
    for first, second in (("a", "b"), ("b", "a")):
        files = [str(tmp_path / f"{name}.npy") for name in (first, second)]
        assert main(["two-sample", *files, "--permutations", "20", "--json"]) == 0
        found = json.loads(capsys.readouterr().out)
        assert found["kernel"]["n"] == found["examples"] == [120, 60][:: 1 if first == "a" else -1]


def test_the_same_seed_gives_the_same_result():
    x, y = normal(0, 100), normal(1, 100)
    assert classifier_test(x, y, seed=3) == classifier_test(x, y, seed=3)
    assert kernel_test(x, y, seed=3) == kernel_test(x, y, seed=3)


@pytest.mark.parametrize(
    ("x", "y", "words"),
    [
        (normal(0, 50), normal(0, 50, 3), "one shape"),
        (normal(0, 50), normal(0, 10), "the second sample has 10 points"),
        (normal(0, 50) * np.nan, normal(0, 50), "the first sample holds values"),
    ],
)
def test_what_cannot_be_compared_is_refused_in_words(x, y, words):
    for test in (classifier_test, kernel_test):
        with pytest.raises(UserError, match=words):
            test(x, y)


@pytest.mark.parametrize(
    ("test", "argument"),
    [
        (kernel_test, {"bandwidth": -1.0}),
        (kernel_test, {"bandwidth": math.nan}),
        (kernel_test, {"permutations": 0}),
        (kernel_test, {"most": 1}),
        (classifier_test, {"permutations": 0}),
        (classifier_test, {"classifier": "forest"}),
    ],
)
def test_arguments_that_make_no_test_are_refused_by_name(test, argument):
    with pytest.raises(UserError, match=f"^{next(iter(argument))}=.* will not do"):
        test(normal(0, 50), normal(1, 50), **argument)


def test_the_command_compares_arrays_and_names(capsys, tmp_path):
    paths = [tmp_path / "a.npy", tmp_path / "b.npy"]
    for i, path in enumerate(paths):
        np.save(path, normal(i, 300, shift=2.0 * i).astype(np.float32))
    argv = ["two-sample", *map(str, paths), "--classifier", "linear", "--permutations", "50", "--json"]
    assert main(argv) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["examples"] == [300, 300]
    assert result["classifier"]["accuracy"] > 0.9
    assert {"name", "drop", "distance", "p_value"} == set(result["classifier"]["features"][0])
    assert result["kernel"]["p_value"] < 0.05
    assert main(["two-sample", "ring", "ring", "--n", "200", "--classifier", "linear", "--permutations", "50"]) == 0
    assert "held-out" in capsys.readouterr().out


def test_the_command_samples_a_run(capsys, tmp_path):
    argv = ["train", "vae", "--data", "ring", "--hidden", "8", "--latent-dim", "1", "--steps", "3", "--quiet"]
    assert main([*argv, "--out", str(tmp_path / "run")]) == 0
    capsys.readouterr()
    argv = ["two-sample", str(tmp_path / "run"), "ring", "--n", "200", "--permutations", "20", "--json"]
    assert main(argv) == 0
    assert json.loads(capsys.readouterr().out)["classifier"]["accuracy"] > 0.6


def test_the_command_refuses_in_words(capsys):
    assert main(["two-sample", "ring", "mnist", "--n", "100"]) == 2
    assert "one shape" in capsys.readouterr().err
    assert main(["two-sample", "ring", "ring", "--n", "0"]) == 2
    assert "--n 0" in capsys.readouterr().err


def test_python_is_given_what_the_command_prints(tmp_path, capsys):
    np.save(tmp_path / "a.npy", normal(0, 120, 3))
    np.save(tmp_path / "b.npy", normal(1, 60, 3, shift=0.5))
    files = [str(tmp_path / f"{name}.npy") for name in ("a", "b")]
    found = reparam.two_sample(*files, permutations=20, seed=3)
    flags = ["--permutations", "20", "--seed", "3"]
    assert main(["two-sample", *files, *flags, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(found.json(), allow_nan=False))
    assert main(["two-sample", *files, *flags]) == 0
    assert capsys.readouterr().out == f"{found}\n"
    numbers = found.numbers
    assert numbers["feature"].tolist() == [feature.name for feature in found.classifier.features]
    (axes,) = found.figure().axes
    assert [bar.get_width() for bar in axes.patches] == numbers["drop"].tolist()


def test_arrays_data_sets_and_runs_are_compared_in_python():
    x, data = normal(0, 90), reparam.load_data("ring")
    settings = {"n": 60, "classifier": "linear", "permutations": 5}
    alike = reparam.two_sample(x, x, **settings)
    assert alike.examples == (45, 45), "one sample is split into two halves"
    mixed = reparam.two_sample(torch.from_numpy(x), data, **settings)
    assert (mixed.a, mixed.b, mixed.examples) == ("a", "ring", (60, 60))
    named = reparam.two_sample(x, "ring", **settings)
    assert named.classifier == mixed.classifier
    with pytest.raises(UserError, match="no sample"):
        reparam.two_sample(3.0, x)


def test_files_are_read_as_told(tmp_path, capsys):
    """Labels are no part of what is compared; where there is no file, how to read one is refused."""
    for i, name in enumerate(("a.csv", "b.csv")):
        rows = [f"{x:.4f},{y:.4f},{'ant' if x > 0 else 'bee'}" for x, y in normal(i, 90)]
        (tmp_path / name).write_text("x,y,species\n" + "\n".join(rows) + "\n")
    files = [str(tmp_path / name) for name in ("a.csv", "b.csv")]
    argv = ["two-sample", *files, "--labels", "species", "--classifier", "linear", "--permutations", "5", "--json"]
    assert main(argv) == 0
    assert {one["name"] for one in json.loads(capsys.readouterr().out)["classifier"]["features"]} == {"x", "y"}
    assert main(["two-sample", "ring", files[0], "--labels", "colour"]) == 2
    assert "'colour'" in capsys.readouterr().err
    with pytest.raises(UserError, match=r"^labels='species' says how a file is read"):
        reparam.two_sample(normal(0, 90), normal(1, 90), labels="species")


def test_of_a_large_file_only_what_is_compared_is_read(tmp_path, monkeypatch):
    """Every row that is fetched is one of those chosen; the choice is the same as of the array."""
    x, y = normal(0, 500).astype(np.float32), normal(1, 90).astype(np.float32)
    np.save(tmp_path / "x.npy", x)
    fetched = []
    at = apart._Data.at
    monkeypatch.setattr(apart._Data, "at", lambda self, rows: fetched.append(at(self, rows)) or fetched[-1])
    found = reparam.two_sample(tmp_path / "x.npy", y, n=60, classifier="linear", permutations=5)
    assert found.examples == (60, 60)
    assert len(fetched[0]) == 60
    assert {tuple(row) for row in fetched[0].tolist()} <= {tuple(row) for row in x.tolist()}
    assert len(np.unique(fetched[0], axis=0)) == 60


def people(n, seed, shift=0.0, ill=0.2):
    rng = np.random.default_rng(seed)
    return pd.DataFrame({
        "id": np.arange(n),
        "age": rng.integers(18, 60, n) + round(shift),
        "ill": rng.choice(["yes", "no", "?"], n, p=[ill, 0.9 - ill, 0.1]),
        "weight": np.where(rng.random(n) < 0.1, np.nan, rng.normal(75, 10, n)),
    })  # fmt: skip


def test_tables_are_read_alike_and_not_each_in_units_of_its_own():
    """Each table in units of its own mean and deviation would hide that one is the other shifted."""
    how = {"classifier": "linear", "permutations": 50}
    same = reparam.two_sample(people(600, 0), people(500, 1), **how)
    assert same.examples == (600, 500)
    assert same.kernel.p_value > 0.02
    assert reparam.two_sample(people(600, 0), people(500, 1, shift=30), **how).classifier.accuracy > 0.8
    assert reparam.two_sample(people(600, 0), people(500, 1, ill=0.7), **how).classifier.accuracy > 0.65
    assert (
        reparam.two_sample(people(600, 0), people(500, 1, shift=30).drop(columns=["id", "ill"]), **how).kernel.p_value
        < 0.1
    )
