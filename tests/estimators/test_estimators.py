"""Estimators keep scikit-learn's own contract, and say what our runs say.

The folder is not called ``sklearn``, as the package is: on the path of the tests it would be taken for scikit-learn.
"""

import joblib
import numpy as np
import pandas as pd
import pytest
from scipy.stats import multivariate_normal
from sklearn.base import clone
from sklearn.datasets import load_digits, load_iris, load_wine
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks
from torch import nn

import reparam.sklearn
from reparam.errors import Notice, UserError
from reparam.kinds import KINDS
from reparam.sklearn import AVB, GAN, VAE, WGAN, Autoencoder, estimator

TINY = {"steps": 3, "batch_size": 16, "latent_dim": 2, "random_state": 0}
SMALL = {"hidden": (4,)} | TINY
EVERY = [VAE(**SMALL), AVB(**SMALL), Autoencoder(**SMALL), GAN(**TINY), WGAN(**TINY)]


@pytest.fixture(scope="module")
def iris():
    return load_iris(as_frame=True).data


NAMED = pytest.mark.filterwarnings("ignore:column 'name' is left out")
"""What is said of a column of the mixed rows that only names them."""


@pytest.fixture(scope="module")
def mixed():
    rng = np.random.default_rng(0)
    return pd.DataFrame(
        {
            "name": [f"row {i}" for i in range(120)],
            "age": rng.integers(18, 80, 120),
            "income": np.where(rng.random(120) < 0.1, np.nan, rng.lognormal(8, 1, 120)),
            "sex": rng.choice(["f", "m"], 120),
            "when": pd.date_range("2020-01-01", periods=120),
        }
    )


@parametrize_with_checks(EVERY)
def test_every_check_of_scikit_learn_passes(estimator, check):
    check(estimator)


def test_there_is_an_estimator_of_every_kind():
    for kind in KINDS.values():
        assert getattr(reparam.sklearn, kind.model.__name__) is estimator(kind)
        for name in estimator(kind)().get_params():
            assert f"    {name}: " in estimator(kind).__doc__.replace(f"{name}: \n", "")
    assert {type(one).kind.name for one in EVERY} == set(KINDS)
    with pytest.raises(AttributeError, match="no attribute 'Nothing'"):
        reparam.sklearn.Nothing  # noqa: B018


def test_what_a_kind_cannot_do_its_estimator_does_not_have():
    methods = ("transform", "inverse_transform", "fit_transform", "get_feature_names_out", "sample", "score_samples")
    has = {type(one).__name__: {name for name in methods if hasattr(one, name)} for one in EVERY}
    games = {"sample", "score_samples"}
    assert has["GAN"] == has["WGAN"] == games
    assert has["VAE"] == has["AVB"] == has["Autoencoder"] == set(methods)
    assert not hasattr(GAN(conditional=True), "score_samples")


def test_the_score_is_the_log_density_where_that_is_known():
    # a decoder that makes nothing of z but its mean, and a posterior that is the prior: p(x) is one normal exactly
    x = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    vae = VAE(latent_dim=1, hidden=(4,), steps=1, scale=0.5, random_state=0, draws=7).fit(x)
    model = vae.run_.model
    for layer in [*model.encoder.modules(), *model.decoder.modules()]:
        if isinstance(layer, nn.Linear):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)
    center = vae.inverse_transform(np.zeros((1, 1)))[0]
    expected = multivariate_normal(center, 0.25 * np.eye(2)).logpdf(x)
    np.testing.assert_allclose(vae.score_samples(x), expected, rtol=1e-5)
    assert vae.score(x) == pytest.approx(expected.mean(), rel=1e-5)


def test_codes_are_those_of_the_run_and_decoded_in_the_data_s_units(iris):
    x = iris.to_numpy()
    vae = VAE(**SMALL).fit(x)
    np.testing.assert_array_equal(vae.transform(x), vae.run_.encode(x.astype(np.float32)))
    back = vae.inverse_transform(vae.transform(x))
    np.testing.assert_allclose(back, vae.run_.reconstruct(x.astype(np.float32)).reconstruction, rtol=1e-5)


def test_a_game_s_score_tells_its_samples_from_other_rows(iris):
    game = GAN(**TINY).fit(iris.to_numpy())
    own, other = game.sample(150, random_state=5), iris.to_numpy() + 3
    assert abs(game.score(own)) < 0.3 < 1 < -game.score(other)


@NAMED
def test_a_frame_comes_back_as_a_frame_with_the_same_columns_and_types(mixed):
    vae = VAE(**SMALL).set_output(transform="pandas").fit(mixed)
    made, codes = vae.sample(5), vae.transform(mixed.iloc[7:9])
    there = mixed.drop(columns="name")  # which only names rows: a new one would have another
    assert list(made.columns) == list(there.columns)
    assert (made.dtypes == there.dtypes).all()
    assert codes.columns.tolist() == ["vae0", "vae1"]
    back = vae.inverse_transform(codes)
    assert list(back.columns) == list(there.columns)
    assert np.isfinite(vae.score_samples(mixed)).all()
    pd.testing.assert_frame_equal(made, vae.sample(5))
    assert not made.equals(vae.sample(5, random_state=1))


@pytest.mark.parametrize("bytes_", [True, False])
def test_images_come_back_in_their_units(bytes_):
    x = load_digits().data[:200]
    x = (x * 15).astype(np.uint8) if bytes_ else x
    vae = VAE(data_shape=(1, 8, 8), **SMALL).fit(x)
    top = 255 if bytes_ else 16
    assert set(np.unique(vae.sample(20))) == {0, top}
    assert 1 < vae.inverse_transform(vae.transform(x)).max() <= top
    if not bytes_:
        with pytest.warns(Notice, match="64 values of X leave 0 to 16"):
            vae.transform(np.full((1, 64), 20.0))


def test_it_goes_into_a_pipeline_a_search_and_a_file(iris, tmp_path):
    steps = make_pipeline(StandardScaler(), VAE(hidden=(4,), steps=3, random_state=0))
    search = GridSearchCV(steps, {"vae__latent_dim": np.array([1, 2])}, cv=2, error_score="raise").fit(iris.to_numpy())
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()
    fitted = search.best_estimator_["vae"]
    joblib.dump(fitted, tmp_path / "vae")
    read = joblib.load(tmp_path / "vae")
    np.testing.assert_array_equal(read.sample(3), fitted.sample(3))
    assert clone(fitted).get_params() == fitted.get_params()


def test_a_seed_says_all_and_none_says_nothing(iris):
    x = iris.to_numpy()
    one, same, other = (VAE(**SMALL | {"random_state": seed}).fit(x).transform(x) for seed in (0, 0, None))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)


def test_a_conditional_game_is_told_classes(iris):
    y = load_iris().target
    game = GAN(conditional=True, **TINY).fit(iris.to_numpy(), y)
    assert game.run_.model.classes == 3
    assert game.sample(2, label=1).shape == (2, 4)
    with pytest.raises(ValueError, match="no class '7'"):
        game.sample(2, label=7)


@pytest.mark.parametrize("rows", [2, 3, 5])
@pytest.mark.parametrize("one", EVERY, ids=lambda one: type(one).__name__)
def test_few_rows_will_do(one, rows, iris):
    fitted = clone(one).fit(iris[:rows].to_numpy())
    assert np.isfinite(fitted.score(iris.to_numpy()))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"latent_dim": 0}, "latent_dim: 0 will not do"),
        ({"data_shape": (3, 3)}, r"data_shape=\(3, 3\) has 9 values, and rows of X have 4"),
        ({"validation_fraction": 1}, "validation_fraction=1 will not do"),
        ({"columns": {"a": "integer"}}, "columns=.* X is an array"),
    ],
)
def test_mistakes_are_told_in_a_sentence(settings, message, iris):
    with pytest.raises(UserError, match=message) as told:
        VAE(**SMALL | settings).fit(iris.to_numpy())
    assert isinstance(told.value, ValueError)


def test_a_parameter_that_is_not_there_is_told_with_the_nearest():
    with pytest.raises(TypeError, match=r"VAE has no parameter 'latent_dims' .did you mean 'latent_dim'"):
        VAE(latent_dims=3)


def test_rows_of_another_fold_lie_beyond_what_was_fitted_and_are_judged():
    """A fold's whole numbers and dates are not all of the others': a search over a DataFrame has a score of each."""
    wine = load_wine(as_frame=True).data
    with pytest.warns(Notice, match="cells of X lie beyond the range that was fitted, and are taken at its end"):
        search = GridSearchCV(VAE(**SMALL), {"latent_dim": [1, 2]}, cv=3, error_score="raise").fit(wine)
    assert np.isfinite(search.cv_results_["mean_test_score"]).all()


@NAMED
def test_what_lies_beyond_is_taken_at_the_end(mixed):
    vae = VAE(**SMALL).fit(mixed.assign(seen=pd.date_range("2024-01-01", periods=len(mixed))))
    rows = mixed.head(3).assign(seen=pd.to_datetime(["2023-05-01", "2024-01-02", "2031-01-01"]))
    beyond, ends = rows.assign(age=[2, 30, 300]), rows.assign(age=[mixed.age.min(), 30, mixed.age.max()])
    ends["seen"] = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-04-29"])
    with pytest.warns(Notice, match="2 of 'age'.* 2 of 'seen'"):
        found = vae.score_samples(beyond)
    np.testing.assert_array_equal(found, vae.score_samples(ends))


@NAMED
def test_a_word_that_no_other_fold_has_leaves_its_row_out_and_ends_no_search(mixed):
    rows = mixed.assign(town=["Bonn", "Köln"] * (len(mixed) // 2) + ["Bonn"] * (len(mixed) % 2))
    vae = VAE(**SMALL).fit(rows)
    with pytest.warns(Notice, match="1 of 3 rows of X is outside"):
        found = vae.score_samples(rows.head(3).assign(town=["Bonn", "Ulm", "Köln"]))
    assert np.isnan(found).tolist() == [False, True, False]
    with pytest.warns(Notice):
        assert vae.score(rows.head(3).assign(town=["Bonn", "Ulm", "Köln"])) == pytest.approx(np.nanmean(found))
    with pytest.warns(Notice):
        codes = vae.transform(rows.head(3).assign(town=["Bonn", "Ulm", "Köln"]))
    assert np.isnan(codes).all(1).tolist() == [False, True, False]
