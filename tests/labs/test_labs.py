"""Each lab comes out as predicted in its small version, and its verdict can fail: broken losses make it."""

import json
import math

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

import oracles
import reparam
from reparam import adversarial, bounds, labs
from reparam.audit.exercise import Exercise
from reparam.cli.main import main
from reparam.distributions.flow import Flow
from reparam.errors import UserError
from reparam.evaluation import dual
from reparam.files import write_npz
from reparam.labs import flow_vae, four_points, linear_vae, monte_carlo
from reparam.labs.density_ratio import densities, mean_ratio
from reparam.labs.lab import Check, Result
from reparam.labs.linear_gaussian import LinearGaussian
from reparam.labs.mode_covering import levels, log_mixture, quantiles
from reparam.models import AVB


@pytest.fixture(scope="module")
def results():
    """Results of labs, each run once however many tests look at it."""
    kept = {}

    def result(name):
        if name not in kept:
            kept[name] = labs.get(name).run(quick=True)
        return kept[name]

    return result


@pytest.mark.parametrize("name", labs.NAMES)
def test_every_lab_comes_out_as_predicted(results, name):
    result = results(name)
    failed = [(check.what, check.predicted, check.measured) for check in result.checks if not check.holds]
    assert result.verdict, failed
    assert len(result.checks) >= 2


@pytest.mark.parametrize("name", labs.NAMES)
def test_every_lab_draws_its_numbers_alone(results, name, tmp_path):
    """From a file, without the experiment: the figure depends on nothing but the numbers."""
    write_npz(tmp_path / "a.npz", results(name).numbers)
    with np.load(tmp_path / "a.npz", allow_pickle=False) as kept:
        figure = labs.get(name).draw(dict(kept))
    texts = [axes.get_xlabel() + axes.get_title() for axes in figure.axes]
    assert all(texts), "every panel has a label or a title"
    figure.set_dpi(50)
    figure.canvas.draw()


@pytest.mark.parametrize("name", labs.NAMES)
def test_every_lab_says_what_it_shows_and_whose_claim_it_is(name):
    lab = labs.get(name)
    assert lab.name == name
    assert len(lab.text.split()) > 50
    assert any(character.isdigit() for character in lab.source), "a source has a year"
    assert getattr(labs, name.replace("-", "_")).run == lab.run


def test_a_lab_is_a_function_of_its_seed_and_leaves_the_global_noise_alone():
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    one, two = (reparam.labs.normal_kl.run(seed=3, quick=True) for _ in range(2))
    assert one.checks == two.checks
    assert one.checks != reparam.labs.normal_kl.run(seed=4, quick=True).checks
    assert torch.equal(torch.random.get_rng_state(), before)


# --- the verdict can fail --------------------------------------------------------------------------------------------


def broken(name):
    return not labs.get(name).run(quick=True).verdict


def test_a_minimax_loss_that_is_the_non_saturating_one_fails_saturation(monkeypatch):
    monkeypatch.setitem(adversarial.LOSSES, "minimax", adversarial.LOSSES["non-saturating"])
    assert broken("saturation")


def test_a_bound_that_forgets_half_the_kl_fails_the_elbo_gap(monkeypatch):
    original = bounds.elbo

    def halved(*args, **settings):
        found = original(*args, **settings)
        return found._replace(kl=0.5 * found.kl)

    monkeypatch.setattr(bounds, "elbo", halved)
    assert broken("elbo-gap")


def test_a_discriminator_loss_without_its_half_on_generated_examples_fails_the_density_ratio(monkeypatch):
    def lopsided(real, fake):
        return torch.nn.functional.softplus(-real).mean() + 0.5 * torch.nn.functional.softplus(fake).mean()

    monkeypatch.setattr(adversarial, "minimax_discriminator", lopsided)
    assert broken("density-ratio")


def test_a_critic_that_minimizes_the_difference_fails_kantorovich_rubinstein(monkeypatch):
    monkeypatch.setattr(dual, "wasserstein_critic", lambda real, fake: real.mean() - fake.mean())
    assert broken("kantorovich-rubinstein")


def test_a_blocked_draw_where_a_mended_one_should_be_fails_reparameterization(monkeypatch):
    monkeypatch.setattr(Exercise, "mended", Exercise.blocked)
    assert broken("reparameterization")


def test_a_flow_that_forgets_its_volume_fails_the_flow_vae(monkeypatch):
    def forgetful(self, sample_shape=()):
        noise = self.base.sample(sample_shape)
        return self.transform(noise), self.base.log_prob(noise)

    monkeypatch.setattr(Flow, "sample_and_log_prob", forgetful)
    result = labs.get("flow-vae").run(quick=True)
    assert not result.verdict
    assert not result.checks[0].holds, "the identity itself is broken"


def test_an_encoder_that_is_told_half_the_kl_fails_the_four_points(monkeypatch):
    original = AVB.terms

    def halved(self, x):
        reconstruction, divergence = original(self, x)
        return reconstruction, 0.5 * divergence

    monkeypatch.setattr(AVB, "terms", halved)
    result = labs.get("four-points").run(quick=True)
    failed = [check.what for check in result.checks if not check.holds]
    assert any("KL by the discriminator" in what for what in failed)


@pytest.mark.parametrize(
    ("check", "holds"),
    [
        (Check("a", 1.0, 1.05, 0.1), True),
        (Check("a", 1.0, 1.2, 0.1), False),
        (Check("a", 1.0, 0.8, 0.1), False),
        (Check("a", 1.0, 0.8, 0.1, ">="), False),
        (Check("a", 1.0, 3.0, 0.0, ">="), True),
        (Check("a", 1.0, 3.0, 0.0, "<="), False),
        (Check("a", math.inf, math.inf), True),
        (Check("a", math.inf, 700.0, 1e9), False),
        (Check("a", 1.0, math.inf, 0.1), False),
        (Check("a", 1.0, math.nan, 0.1), False),
        (Check("a", 1.0, math.nan, 0.1, ">="), False),
    ],
)
def test_a_check_compares_as_it_says(check, holds):
    assert check.holds is holds
    assert Result("a", (check,), {}, 0, True, 0.0).verdict is holds
    assert not Result("a", (), {}, 0, True, 0.0).verdict, "no check is no verdict"


# --- the theory's numbers that the labs compute themselves -----------------------------------------------------------


def test_the_growth_of_the_priors_variance_is_that_of_quadrature():
    nodes = reparam.divergences.interval(-12.0, 12.0)
    z = nodes.points.squeeze(1)
    prior = (-0.5 * z**2).exp() / math.sqrt(2 * math.pi)
    scale, at = monte_carlo.SCALE, monte_carlo.AT
    likelihood = (-0.5 * ((at - z) / scale) ** 2).exp() / scale / math.sqrt(2 * math.pi)
    first, second = (nodes.integrate(prior * likelihood**k).item() for k in (1, 2))
    assert monte_carlo.growth_of_prior_sampling() == pytest.approx(second / first**2, rel=1e-9)


def test_the_mean_ratio_is_that_of_quadrature():
    nodes = reparam.divergences.grid([-8.0, -8.0], [8.0, 8.0], 20)
    first, second = (q.log_prob(nodes.points) for q in densities())
    assert mean_ratio() == pytest.approx(nodes.integrate((2 * first - second).exp()).item(), rel=1e-4)


def test_the_mixtures_quantiles_are_right():
    nodes = reparam.divergences.interval(-14.0, 14.0, 200)
    density = log_mixture(nodes.points).exp()
    for index in (0, 700, 1500, 1999):
        below = nodes.points.squeeze(1) < quantiles()[index]
        assert nodes.integrate(density * below).item() == pytest.approx(levels()[index].item(), abs=0.02)


def test_probabilistic_pcas_likelihood_is_scikit_learns():
    x = torch.randn(200, linear_vae.DIMENSIONS, dtype=torch.float64) @ torch.randn(6, 6, dtype=torch.float64)
    reference = PCA(linear_vae.LATENTS, svd_solver="full").fit(x.numpy())
    ours = linear_vae.Pca.of(x)
    # scikit-learn divides by n - 1, so it is a little off the maximum
    assert ours.log_likelihood == pytest.approx(reference.score(x.numpy()), abs=1e-3)
    assert ours.log_likelihood >= reference.score(x.numpy())
    assert ours.noise == pytest.approx(reference.noise_variance_ * 199 / 200)


def test_the_labs_linear_gaussian_model_is_scipys():
    oracle = oracles.LinearGaussian.random(5, 2, seed=3, scale=0.7)
    model = LinearGaussian(oracle.weight, oracle.bias, torch.tensor(0.7, dtype=torch.float64).log())
    x = oracle.sample(20, seed=1)
    torch.testing.assert_close(model.evidence(x), oracle.evidence(x))
    for ours, exact in zip(model.posterior(x), oracle.posterior(x), strict=True):
        torch.testing.assert_close(ours, exact)


def test_four_posteriors_that_are_the_prior_have_the_bound_of_a_decoder_that_answers_a_quarter():
    nodes = reparam.divergences.grid([-7.0, -7.0], [7.0, 7.0], 10)
    zeros = torch.zeros(4, 2, dtype=torch.float64)
    bound, evidence, mixture = four_points.bound_of_diagonal(zeros, zeros, nodes)
    quarter = math.log(1 / 4) + 3 * math.log(3 / 4)
    assert bound.item() == pytest.approx(quarter, abs=1e-9)
    assert evidence.item() == pytest.approx(quarter, abs=1e-9)
    assert mixture.item() == pytest.approx(0, abs=1e-9)


def test_the_best_diagonal_posteriors_stay_below_the_optimum():
    torch.manual_seed(0)
    best = four_points.best_diagonal()
    assert best.bound == pytest.approx(-1.6963, abs=1e-4)
    assert best.evidence == pytest.approx(-1.5683, abs=1e-4)
    assert four_points.OPTIMUM > best.evidence > best.bound


def test_the_flow_labs_known_evidence_is_that_of_two_dimensional_quadrature():
    nodes = reparam.divergences.grid([-7.0, -7.0], [7.0, 7.0], 40)
    x = torch.tensor([[-1.0], [0.5], [3.0]], dtype=torch.float64)
    log_joint = flow_vae.known_likelihood(nodes.points.unsqueeze(1)).log_prob(x) - math.log(2 * math.pi)
    log_joint = log_joint - 0.5 * nodes.points.square().sum(-1, keepdim=True)
    torch.testing.assert_close(flow_vae.known_evidence(x), nodes.integrate(log_joint.exp().T).log(), rtol=1e-6, atol=0)


def test_the_parabolas_density_integrates_to_one_and_the_normal_has_its_moments():
    nodes = reparam.divergences.grid([-7.0, -4.0], [7.0, 30.0], 60)
    points = nodes.points.float()
    density = flow_vae.own_density(points).exp()
    assert nodes.integrate(density).item() == pytest.approx(1, abs=1e-4)
    cross = -nodes.integrate(density * flow_vae.one_normal(points)).item()
    entropy = 1 + math.log(2 * math.pi) + 0.5 * math.log(2 * flow_vae.BEND**2 + flow_vae.SPREAD**2)
    assert cross == pytest.approx(entropy, abs=1e-3), "a normal of the same moments: the cross entropy is its entropy"


# --- the commands ----------------------------------------------------------------------------------------------------


def test_labs_lists_them_all(capsys):
    assert main(["labs"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in labs.NAMES)
    assert main(["labs", "--json"]) == 0
    assert list(json.loads(capsys.readouterr().out)) == list(labs.NAMES)


def test_lab_writes_picture_numbers_and_result(capsys, tmp_path):
    assert main(["lab", "earth-mover", "--quick", "--out", str(tmp_path), "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert result["verdict"]
    assert result["labs"][0]["checks"][0] == {
        "what": "cost of the cheapest plan, shovel-steps",
        "predicted": 5.0,
        "measured": 5.0,
        "tolerance": 1e-9,
        "relation": "=",
        "holds": True,
        "prediction": "5 ± 1e-09",
        "measurement": "5",
    }
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"earth-mover.{end}" for end in ("json", "npz", "png")]
    assert main(["lab", "saturation", "--quick", "--out", str(tmp_path)]) == 0
    assert "predicted 1 ± 0.001, measured 1" in capsys.readouterr().out


def test_a_lab_that_fails_says_so_and_exits_with_1(capsys, tmp_path, monkeypatch):
    monkeypatch.setitem(adversarial.LOSSES, "minimax", adversarial.LOSSES["non-saturating"])
    assert main(["lab", "saturation", "--quick", "--out", str(tmp_path)]) == 1
    assert "NOT AS PREDICTED" in capsys.readouterr().out


def test_an_unknown_lab_is_refused_with_the_nearest_name(capsys):
    assert main(["lab", "earth-moover"]) == 2
    assert "did you mean 'earth-mover'" in capsys.readouterr().err
    with pytest.raises(UserError, match="reparam labs"):
        labs.get("xyz")
    with pytest.raises(AttributeError):
        labs.nothing  # noqa: B018


def test_the_gallery_shows_text_numbers_and_figure_of_each_lab_and_loads_nothing(capsys, tmp_path, monkeypatch):
    few = ("earth-mover", "saturation", "normal-kl")
    monkeypatch.setattr(labs, "NAMES", few)
    argv = ["labs", "--gallery", str(tmp_path), "--quick"]
    assert main(argv) == 0
    assert "earth-mover ..." in capsys.readouterr().err
    html = (tmp_path / "index.html").read_text()
    for name in few:
        assert labs.get(name).title.split(":")[0] in html
        assert f"reparam lab {name}" in html
    assert html.count('<img src="data:image/png;base64,') == 3
    assert "shovel-steps" in html
    assert "http://" not in html
    assert "https://" not in html
    assert main(argv) == 0
    assert "..." not in capsys.readouterr().err, "what is there is used again"


def test_a_labs_result_has_numbers_a_figure_a_text_and_json():
    found = labs.get("normal-kl").run(quick=True)
    assert set(found.numbers) == set(found.arrays)
    assert found.figure().axes
    assert str(found).splitlines()[0].startswith("normal-kl: as predicted")
    assert len(str(found).splitlines()) == 1 + len(found.checks)
    told = json.loads(json.dumps(found.json(), allow_nan=False))
    assert [check["holds"] for check in told["checks"]] == [True] * len(found.checks)
    with pytest.raises(UserError, match="draws nothing"):
        Result("a", (), {}, 0, True, 0.0).figure()


def test_a_check_of_infinity_is_told_in_words_where_json_has_no_number():
    check = Check("KL", math.inf, math.inf)
    assert check.json() == {
        "what": "KL",
        "predicted": None,
        "measured": None,
        "tolerance": 0.0,
        "relation": "=",
        "holds": True,
        "prediction": "inf",
        "measurement": "inf",
    }
