import numpy as np
import pytest
import torch
from scipy.stats import norm
from torch import nn

import reparam
from helpers import small_data, small_vae
from reparam import evaluation
from reparam.data import Dataset, Split, coverage
from reparam.errors import UserError
from reparam.evaluation.codes.encoding import pick
from reparam.evaluation.codes.interpolation import linear, spherical
from reparam.models import VAE, HierarchicalPrior, Model, NormalLikelihood, StandardNormal
from reparam.randomness import generator
from reparam.runs.config import RunConfig
from reparam.settings import DataConfig
from reparam.training import Run


def identity_run(latent, n=3000):
    """A run whose encoder's mean and decoder's mean are the identity, on correlated normal data."""
    encoder, decoder = nn.Linear(latent, 2 * latent), nn.Linear(latent, latent)
    with torch.no_grad():
        for layer in (encoder, decoder):
            layer.weight.zero_()
            layer.bias.zero_()
            layer.weight[:latent].copy_(torch.eye(latent))
    model = VAE(encoder, decoder, StandardNormal(latent), likelihood=NormalLikelihood((latent,), learned=False))
    x = torch.randn(n, latent) @ torch.randn(latent, latent)
    split = Split(x, torch.arange(n))
    return Run(model, RunConfig(), dataset=Dataset("line", split, split, split, data_shape=(latent,)))


def test_the_manifold_decodes_equal_slices_of_the_prior():
    result = evaluation.manifold(identity_run(2), size=9)
    expected = norm.ppf((np.arange(9) + 0.5) / 9)
    np.testing.assert_allclose(result.z1, expected, atol=1e-6)
    assert result.images.shape == (9, 9, 2)
    for i in range(9):
        for j in range(9):
            np.testing.assert_allclose(result.images[i, j], (result.z1[j], result.z2[i]), atol=1e-5)


def test_under_a_prior_of_layers_the_slices_are_of_its_noise():
    run, noise = identity_run(2), norm.ppf((np.arange(3) + 0.5) / 3)
    run.model._modules["prior"] = prior = HierarchicalPrior(2, hidden=[4])
    result = evaluation.manifold(run, size=3)
    with torch.no_grad():
        for i, j in np.ndindex(3, 3):
            z = prior().push(torch.tensor([noise[j], noise[i]]).float())
            np.testing.assert_allclose(result.images[i, j], z, atol=1e-5)


def test_a_manifold_of_more_dimensions_is_refused_with_what_would_do():
    with pytest.raises(UserError, match=r"this model has 3: train one with latent_dim=2, or see `reparam latents`"):
        evaluation.manifold(Run(small_vae(), RunConfig(), dataset=small_data()))
    with pytest.raises(UserError, match="grid of images and these data are none"):
        evaluation.manifold(identity_run(3))


def test_latents_of_two_dimensions_are_the_codes_of_random_test_rows():
    run = identity_run(2)
    result = evaluation.latents(run, n=100)
    np.testing.assert_array_equal(result.z, run.data.test.x[result.labels].numpy())
    assert result.explained is None
    assert len(set(result.labels.tolist())) == 100
    assert result.labels.mean() > 500, "the first rows of a sorted file are not a sample of it"


def test_latents_of_more_dimensions_are_principal_components():
    run = identity_run(5)
    result = evaluation.latents(run, n=3000)
    values, vectors = np.linalg.eigh(np.cov(run.data.test.x.double().numpy().T))
    np.testing.assert_allclose(result.explained, values[::-1][:2] / values.sum(), rtol=1e-6)
    centred = run.data.test.x.double().numpy() - run.data.test.x.double().numpy().mean(0)
    for i in range(2):
        projected = centred @ vectors[:, -1 - i]
        assert abs(np.corrcoef(projected, result.z[:, i])[0, 1]) == pytest.approx(1, abs=1e-6)


def test_one_latent_is_drawn_on_a_line():
    z = evaluation.latents(identity_run(1), n=50).z
    assert z.shape == (50, 2)
    assert (z[:, 1] == 0).all()


def test_reconstructions_are_decoded_means_of_codes():
    run = identity_run(4)
    result = evaluation.reconstruct(run, 6)
    np.testing.assert_allclose(result.reconstruction, result.x, atol=1e-6)
    np.testing.assert_allclose(result.z, result.x, atol=1e-6)


def test_samples_repeat_with_their_seed_and_come_in_any_number():
    run = Run(small_vae(), RunConfig(), dataset=small_data())
    a, b, c = (evaluation.sample(run, 7, seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(a.x, b.x)
    assert not np.array_equal(a.mean, c.mean)
    assert evaluation.sample(run, 10_003).x.shape == (10_003, 1, 6, 6)
    with pytest.raises(UserError, match="n=0 will not do"):
        evaluation.sample(run, 0)


def test_a_straight_path_is_even_and_a_great_circle_keeps_its_length():
    start, end = torch.randn(2, 50)
    t = torch.linspace(0, 1, 9)
    straight, circle = linear(start, end, t), spherical(start, end, t)
    for path in (straight, circle):
        torch.testing.assert_close(path[0], start)
        torch.testing.assert_close(path[-1], end)
    steps = (straight[1:] - straight[:-1]).norm(dim=1)
    torch.testing.assert_close(steps, steps[:1].expand(8))
    torch.testing.assert_close(circle.norm(dim=1), linear(start.norm()[None], end.norm()[None], t).squeeze(1))
    directions = circle / circle.norm(dim=1, keepdim=True)
    angles = torch.arccos((directions[1:] * directions[:-1]).sum(1).clamp(-1, 1))
    torch.testing.assert_close(angles, angles[:1].expand(8), atol=1e-3, rtol=0)
    torch.testing.assert_close(spherical(start, 2 * start, t), linear(start, 2 * start, t))


def test_a_walk_between_encoded_test_examples_ends_at_their_classes():
    run = identity_run(2, n=40)
    labels = torch.arange(40) % 4
    split = Split(run.data.test.x, labels)
    run.dataset = Dataset("line", split, split, split, data_shape=(2,), classes=("a", "b", "c", "d"))
    del run.data
    result = evaluation.interpolate(run, steps=7, from_label="b", to_label="d")
    assert result.x.shape == (9, 2)
    for z, label in ((result.z[0], 1), (result.z[-1], 3)):
        row = (split.x - torch.from_numpy(z)).norm(dim=1).argmin()
        assert labels[row] == label
    with pytest.raises(UserError, match=r"no class 'e': the classes are a, b, c, d"):
        evaluation.interpolate(run, from_label="e")


def test_a_class_without_a_test_example_is_told_as_that():
    """No other seed finds one; the picture of the codes says which classes are not in it."""
    run = identity_run(2, n=40)
    split = Split(run.data.test.x, torch.arange(40) % 2)
    run.dataset = Dataset("line", split, split, split, data_shape=(2,), classes=("a", "b", "c"))
    del run.data
    with pytest.raises(
        UserError, match=r"none of 40 test examples is of class .c.: try another class; a run with split_"
    ):
        evaluation.interpolate(run, from_label="c")
    assert evaluation.latents(run).title == "Codes of 40 test examples, none of class c"


def test_without_labels_the_ends_are_the_two_most_distant():
    run = identity_run(2, n=60)
    split = Split(run.data.test.x)
    run.dataset = Dataset("line", split, split, split, data_shape=(2,))
    del run.data
    result = evaluation.interpolate(run, path="linear")
    assert np.linalg.norm(result.z[0] - result.z[-1]) == pytest.approx(torch.cdist(split.x, split.x).max().item())
    assert "most distant" in result.ends
    with pytest.raises(UserError, match="no labels"):
        evaluation.interpolate(run, from_label="1")


def test_two_codes_that_are_given_are_the_ends_and_nothing_else_is_needed():
    run = identity_run(2, n=40)
    gone = Run(run.model, run.config)
    gone.record = run.record
    result = reparam.interpolate(gone, steps=3, path="linear", codes=(np.zeros(2), torch.tensor([4.0, 8.0])))
    np.testing.assert_allclose(result.z, np.outer(np.arange(5), [1, 2]), atol=1e-6)
    np.testing.assert_allclose(result.x, result.z, atol=1e-6)
    assert result.ends == "two codes that were given"
    with pytest.raises(UserError, match=r"a code of shape \(3,\) is none of this model's: give two of \(2,\)"):
        reparam.interpolate(gone, codes=(np.zeros(2), np.zeros(3)))


def test_where_the_data_are_gone_the_ends_are_draws_of_the_prior(tmp_path):
    run = identity_run(2, n=40)
    gone = Run(run.model, RunConfig(data=DataConfig(data=str(tmp_path / "gone.npy"))))
    gone.record = run.record
    result = evaluation.interpolate(gone, path="linear")
    assert result.ends.endswith("since the data cannot be read")
    assert 4 < np.linalg.norm(result.z[0] - result.z[-1]) < 12, "the most distant of 1,000 draws of N(0, I)"
    with pytest.raises(UserError, match="the data of this run"):
        evaluation.interpolate(gone, from_label="1")


def test_coverage_of_known_samples():
    density = reparam.load_data("ring").density
    sixth = density.modes[:6].float()
    x = torch.cat([sixth.repeat(100, 1), torch.full((400, 2), 5.0)])
    result = coverage(x, density)
    assert result["modes"] == 6
    assert result["high_quality"] == pytest.approx(0.6)
    assert result["reverse_kl"] == pytest.approx(np.log(8 / 6))
    assert coverage(x[600:], density) == {"modes": 0, "high_quality": 0, "reverse_kl": float("inf")}
    edge = density.modes[:1].float() + torch.tensor([[2.9, 0.0]]) * density.standard_deviation
    assert coverage(edge, density)["high_quality"] == 1
    assert coverage(edge + 0.2 * density.standard_deviation, density)["high_quality"] == 0


def test_a_model_without_an_encoder_is_told_so():
    class Noise(Model):
        data_shape, latent_dim = (1, 6, 6), 2

        def __init__(self):
            super().__init__()
            self.layer = nn.Linear(2, 36)

        def turns(self):
            yield from ()

        def sample(self, n):
            return self.layer(torch.randn(n, 2)).reshape(n, 1, 6, 6)

    with pytest.raises(UserError, match="a Noise has no encoder"):
        evaluation.reconstruct(Run(Noise(), RunConfig(), dataset=small_data()))


def test_picking_is_seeded_unsorted_by_class_and_without_repeats():
    split = Split(torch.arange(1000).float().unsqueeze(1), torch.arange(1000) // 100)
    chosen = pick(split, 200, generator(0, "test"))
    assert torch.equal(chosen.x.squeeze(1).long() // 100, chosen.y)
    assert len(chosen.y.unique()) == 10
    assert len(chosen.x.unique()) == 200
    assert len(pick(split, 5000, generator(0, "test"))) == 1000
