"""What the page's engine computes is what torch does: every layer, every network of ours, every term of a bound."""

import json
from pathlib import Path

import pytest
import torch
from torch import nn

from browser_helpers import NEEDS_CHROMIUM
from catalogue import CATALOGUE, Entry
from reparam import pages
from reparam.distributions import Hierarchy
from reparam.errors import UserError
from reparam.exploring.layers import LEAVES, WRITERS, Exporter
from reparam.exploring.models import HALF_WITHIN, MOST_PACKED, told_of
from reparam.exploring.weights import Weights
from reparam.kinds import GANConfig, VAEConfig, build_model
from reparam.models import VAE, StandardNormal
from reparam.models.model import Batch
from reparam.models.networks_of import networks_of
from reparam.models.protocols import Evaluates, can, prior_of
from reparam.models.traits import Traits
from reparam.networks import MLP, Affine, ResidualBlock
from reparam.networks.players import Conditional, FourierFeatures, Ranged

WITHIN = 1e-4
"""Of a size of 1: float32 sums of some thousand terms have errors of some 1e-6 of the largest."""
ENGINE = Path(pages.__file__).with_name("engine.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def engine(browser):
    """Calls a function of the engine in a page."""
    tab = browser.new_page()
    tab.add_script_tag(content=ENGINE)
    yield lambda code, told: tab.evaluate(code, told)
    tab.close()


def rattled(module: nn.Module) -> nn.Module:
    """The same with other numbers everywhere, those included that begin as zeros or ones."""
    with torch.no_grad():
        for name, value in [*module.named_parameters(), *module.named_buffers()]:
            if (
                value.is_floating_point()
                and "parametrizations" not in name
                and not name.endswith(("low", "high", "zeros"))
            ):
                value.mul_(1 + 0.3 * torch.rand_like(value)).add_(0.05 * torch.rand_like(value))
    return module.eval()


RUN = """async ([operations, heaps, data, shape, told]) => {
  const model = await Engine.load({ latent_dim: 1, shape, decoder: operations, encoder: operations, judge: operations,
    posterior: "point", prior: { kind: "none" }, likelihood: { kind: "point" } }, heaps);
  const y = Engine.run(model.told.decoder, Engine.tensor(Float64Array.from(data), shape), told);
  return { data: Array.from(y.data), shape: y.shape };
}"""
IMAGE, VECTOR = (4, 7, 6), (12,)
LAYERS = {
    "linear": (nn.Linear(12, 5), VECTOR),
    "linear without bias": (nn.Linear(12, 5, bias=False), VECTOR),
    "linear over rows": (nn.Linear(6, 5), IMAGE),
    "conv": (nn.Conv2d(4, 6, 3, padding=1), IMAGE),
    "conv strided": (nn.Conv2d(4, 6, (3, 2), stride=(2, 3), padding=(2, 1), bias=False), IMAGE),
    "conv dilated in groups": (nn.Conv2d(4, 6, 3, padding=2, dilation=2, groups=2), IMAGE),
    "conv of one place": (nn.Conv2d(4, 2, 1), IMAGE),
    "up": (nn.ConvTranspose2d(4, 6, 3, stride=2, padding=1, output_padding=1), IMAGE),
    "up in groups": (nn.ConvTranspose2d(4, 6, (2, 4), stride=(1, 3), padding=(0, 2), groups=2, bias=False), IMAGE),
    "up dilated": (nn.ConvTranspose2d(4, 3, 3, stride=3, dilation=2, output_padding=2), IMAGE),
    "batch norm of images": (nn.BatchNorm2d(4), IMAGE),
    "batch norm of vectors": (nn.BatchNorm1d(12, affine=False), VECTOR),
    "layer norm": (nn.LayerNorm(12), VECTOR),
    "layer norm of rows": (nn.LayerNorm((7, 6)), IMAGE),
    "group norm": (nn.GroupNorm(2, 4), IMAGE),
    "largest": (nn.MaxPool2d(3, stride=2, padding=1), IMAGE),
    "average": (nn.AvgPool2d((2, 3), stride=(2, 1), padding=1), IMAGE),
    "average of what is there": (nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False), IMAGE),
    "adaptive": (nn.AdaptiveAvgPool2d((3, 4)), IMAGE),
    "nearest": (nn.Upsample(scale_factor=2), IMAGE),
    "nearest to a size": (nn.Upsample((10, 13)), IMAGE),
    "bilinear": (nn.Upsample(scale_factor=3, mode="bilinear"), IMAGE),
    "bilinear by corners": (nn.Upsample((10, 9), mode="bilinear", align_corners=True), IMAGE),
    "flatten": (nn.Flatten(), IMAGE),
    "unflatten": (nn.Unflatten(1, (3, 2, 2)), VECTOR),
    "shuffle": (nn.PixelShuffle(2), IMAGE),
    "affine": (Affine(torch.randn(4, 1, 1), torch.rand(4, 7, 6) + 0.5), IMAGE),
    "ranged": (Ranged(-1.0, 3.0), VECTOR),
    "not ranged": (Ranged(-float("inf"), float("inf")), VECTOR),
    "fourier": (FourierFeatures(12, 5), VECTOR),
    "residual": (ResidualBlock(4, "gelu"), IMAGE),
    "dropout of channels": (nn.Dropout2d(), IMAGE),
    **{
        type(layer).__name__.lower() + str(i): (layer, VECTOR)
        for i, layer in enumerate(
            (nn.ReLU(), nn.LeakyReLU(0.2), nn.SiLU(), nn.GELU(), nn.GELU("tanh"), nn.ELU(0.7), nn.CELU(1.3), nn.SELU(),
             nn.Mish(), nn.Tanh(), nn.Sigmoid(), nn.LogSigmoid(), nn.Softplus(2.0, 3.0), nn.Softsign(),
             nn.Hardtanh(-0.5, 2.0), nn.ReLU6(), nn.Identity(), nn.Dropout())
        )
    },
}  # fmt: skip


@NEEDS_CHROMIUM
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_is_computed_as_torch_does(engine, name):
    layer, shape = LAYERS[name]
    torch.manual_seed(0)
    x, weights = 2 * torch.randn(2, *shape), Weights()
    with torch.no_grad():
        operations, expected = Exporter(weights).operations(rattled(layer), x)
    told = json.loads(json.dumps([operations, weights.packed(), x[1].flatten().tolist(), list(shape), {}]))
    found = engine(RUN, told)
    assert found["shape"] == list(expected.shape[1:])
    torch.testing.assert_close(torch.tensor(found["data"]), expected[1].flatten(), rtol=WITHIN, atol=WITHIN / 10)


def test_every_layer_that_can_be_written_down_is_tried():
    tried = {type(layer) for layer, _ in LAYERS.values()} | {Conditional}  # which is met in games
    assert set(WRITERS) == tried
    assert set(LEAVES) < set(WRITERS)


ASK = """async ([told, heaps, z, x, noise, label]) => {
  const model = await Engine.load(told, heaps), { bound, encode, judge } = model;
  const plain = bound && bound(x), noisy = bound && bound(x, noise);
  const terms = (b) => b && { reconstruction: b.reconstruction, kl: b.kl ?? null, z: Array.from(b.z) };
  return { mean: Array.from(model.mean(z, label)), code: encode ? Array.from(encode(x).mean) : null,
    judged: judge ? judge(x, label) : null, plain: terms(plain), noisy: terms(noisy) };
}"""
OF_IMAGES = [entry for entry in CATALOGUE if not entry.columns]
assert {"GAN", "WGAN", "VAE", "AVB", "Autoencoder"} == {type(entry.build()).__name__ for entry in OF_IMAGES[::3]}


@torch.no_grad()
def asked(engine, model, x, y):
    """What torch and the page say of the same model, code, example and noise: names to pairs."""
    networks, told = networks_of(model), told_of(model, x)
    z, noise = torch.randn(1, networks.latent_dim), torch.randn(1, networks.latent_dim)
    label = int(y[0]) if networks.classes else 0
    given = [told.model, told.weights.packed(), z[0].tolist(), x[0].flatten().tolist(), noise[0].tolist(), label]
    found = engine(ASK, json.loads(json.dumps(given)))
    condition = (y[:1],) if networks.classes else ()
    pairs = {"mean": (found["mean"], model.decode(z, *condition).mean)}
    if told.model["encoder"]:
        pairs["code"] = (found["code"], model.encode(x[:1]).center)
    if told.model["judge"]:
        pairs["judged"] = (found["judged"], model.judge(x[:1], *condition))
    for name, epsilon in (("plain", torch.zeros_like(noise)), ("noisy", noise)):
        if told.model["encoder"]:
            pairs |= {f"{name} {term}": pair for term, pair in terms(model, x[:1], epsilon, found[name]).items()}
    return told, pairs


def terms(model, x, noise, found):
    """The terms of the bound at z = mean + scale * noise, by the page and by torch."""
    q = model.encode(x)
    z = torch.tensor(found["z"]).unsqueeze(0)
    expected = {"reconstruction": model.decode(z).log_prob(x)}
    if q.has_density:
        pushed = q.mean + (q.cholesky @ noise.unsqueeze(-1)).squeeze(-1) if hasattr(q, "cholesky") else None
        pushed = q.push(noise) if isinstance(q, Hierarchy) else pushed
        pushed = q.mean + q.scale * noise if hasattr(q, "scale") else pushed
        expected |= {} if pushed is None else {"z": pushed}
    if found["kl"] is not None:
        prior = prior_of(model)
        expected["kl"] = kl_there(q, prior, z)
    return {name: (found[name], value) for name, value in expected.items()}


def kl_there(q, prior, z):
    """In closed form, layer by layer at z, or log q(z) - log p(z)."""
    normals = [type(p).__name__ == "Normal" for p in (q, prior)]
    widths = next((p.widths for p in (q, prior) if isinstance(p, Hierarchy)), None)
    if widths is not None and all(n or isinstance(p, Hierarchy) for p, n in zip((q, prior), normals, strict=True)):
        layers = zip(*(p.split(widths) if n else p.layers(z) for p, n in zip((q, prior), normals, strict=True)))  # noqa: B905
        return sum(one.kl(other) for one, other in layers)
    return q.kl(prior) if normals[1] else q.log_prob(z) - prior.log_prob(z)


def compare(pairs, within=WITHIN):
    for name, (page, torchs) in pairs.items():
        ours, expected = torch.tensor(page).flatten(), torchs.flatten().float()
        torch.testing.assert_close(ours, expected, rtol=within, atol=within, msg=lambda m, n=name: f"{n}: {m}")


@NEEDS_CHROMIUM
@pytest.mark.parametrize("entry", OF_IMAGES, ids=str)
def test_a_model_is_computed_as_torch_does(engine, entry: Entry):
    torch.manual_seed(1)
    model = rattled(entry.build())
    batch = entry.batch(model)
    told, pairs = asked(engine, model, batch.x, batch.y)
    assert not told.half
    compare(pairs)
    flows = any(f"posterior={name}" in entry.name for name in ("iaf", "spline"))
    assert bool(told.left_out) == flows, told.left_out
    assert all("computes no FlowPosterior" in one for one in told.left_out)
    assert "judged" in pairs or "code" in pairs or flows
    assert "noisy kl" in pairs or "hierarchical" not in entry.name


@NEEDS_CHROMIUM
def test_the_bound_at_the_mean_is_what_evaluating_there_gives(engine):
    """The mean of `evaluate` over the noise is within its error of the page's over the same noise."""
    torch.manual_seed(0)
    model = rattled(
        build_model(VAEConfig(network="mlp", hidden=(12,), latent_dim=3, likelihood="bernoulli"), (1, 8, 8))
    )
    assert can(model, Evaluates)
    x = (torch.rand(1, 1, 8, 8) > 0.5).float()
    with torch.no_grad():
        bounds = model.evaluate(Batch(x.expand(400, -1, -1, -1)))["elbo"]
    told, noise = told_of(model, x), torch.randn(400, 3)
    code = """async ([told, heaps, x, noise]) => {
      const model = await Engine.load(told, heaps);
      return noise.map((one) => model.bound(x, one).elbo);
    }"""
    page = torch.tensor(engine(code, [told.model, told.weights.packed(), x.flatten().tolist(), noise.tolist()]))
    error = (bounds.var() / 400 + page.var() / 400).sqrt()
    assert abs(float(bounds.mean() - page.mean())) < 4 * float(error)


@NEEDS_CHROMIUM
def test_what_is_too_large_is_kept_in_float16_within_a_thousandth(engine):
    """The game that `reparam train gan` trains: two million weights, of which float32 would take 7.5 MB."""
    torch.manual_seed(0)
    model = build_model(GANConfig(), (1, 28, 28), Traits(range=(0.0, 1.0))).eval()
    x = torch.rand(20, 1, 28, 28)
    told, pairs = asked(engine, model, x, None)
    assert told.half == ("decoder", "judge")
    assert sum(map(len, told.weights.packed().values())) < MOST_PACKED
    compare(pairs, 2 * HALF_WITHIN)  # the rows it was tried on are others
    assert max(abs(torch.tensor(pairs["mean"][0]) - pairs["mean"][1].flatten())) < HALF_WITHIN


def test_what_stays_too_large_is_refused_and_parts_are_left_out_first():
    wide = MLP(2, [3000], 2000)
    decoder = nn.Sequential(MLP(2, [1200], 1200), nn.Unflatten(1, (1, 30, 40)))
    told = told_of(VAE(MLP((1, 30, 40), [1500], 4), decoder, StandardNormal(2)), torch.rand(3, 1, 30, 40))
    assert told.left_out == ["The encoder is left out: with it the page would be larger than 5 MB."]
    assert told.model["encoder"] is None
    with pytest.raises(UserError, match="the decoder has 6,011,000 weights, more than a page of 5 MB holds"):
        told_of(VAE(MLP(2000, [8], 4), wide, StandardNormal(2)), torch.rand(3, 2000))


class Squared(nn.Module):
    def forward(self, x):
        return x * x


def test_what_the_page_does_not_compute_is_named():
    decoder = nn.Sequential(nn.Linear(2, 6), Squared())
    with pytest.raises(UserError, match="the page computes no Squared, which the decoder has: build it of Linear"):
        told_of(VAE(MLP(6, [8], 4), decoder, StandardNormal(2)), torch.rand(3, 6))
    encoder = nn.Sequential(Squared(), nn.Linear(6, 4))
    told = told_of(VAE(encoder, nn.Linear(2, 6), StandardNormal(2)), torch.rand(3, 6))
    assert told.left_out == ["the page computes no Squared, which the encoder has: build it of Linear, Conv2d, "
                             "ConvTranspose2d, norms, poolings and activations, as `reparam train` does."]  # fmt: skip
    for layer in (
        nn.Conv2d(4, 2, 3, padding=1, padding_mode="reflect"),
        nn.Upsample(scale_factor=1.5),
        nn.Upsample(scale_factor=2, mode="bicubic"),
        nn.AvgPool2d(2, ceil_mode=True),
        nn.BatchNorm2d(4, track_running_stats=False),
    ):
        with pytest.raises(UserError, match=f"{type(layer).__name__} .*network"):
            Exporter(Weights()).operations(layer.eval(), torch.rand(2, *IMAGE))
