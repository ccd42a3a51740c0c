"""Products by oneDNN are those of float32: value, gradient and second gradient; and judge nothing."""

import json

import pytest
import torch
from torch import nn

import reparam
from reparam.networks import products
from reparam.networks.products import WIDE, has_onednn, linear, multiplied_by, product, usual_products
from reparam.training.validation import average

pytestmark = pytest.mark.skipif(not has_onednn(), reason="this PyTorch cannot be asked for oneDNN's products")
SHAPES = [(1, 1, 1), (WIDE, WIDE, WIDE), (128, 784, 400), (130, 65, 77), (64, 20, 400), (0, 70, 70)]


def bound(*factors):
    """Rounding of a sum of products in float32: each term in as many roundings as there are terms, at most."""
    a, b = (factor.double().abs() for factor in factors)
    return 1e-7 * (a.shape[1] + 2) * (a @ b.t()) + 1e-30


@pytest.mark.parametrize(("n", "k", "m"), SHAPES)
@pytest.mark.parametrize("strided", [False, True])
def test_a_product_is_that_of_float64_to_rounding(n, k, m, strided):
    a, b = torch.randn(n, k), torch.randn(m, k)
    if strided:
        a, b = torch.randn(k, n).t(), torch.randn(m, 2 * k)[:, ::2]
    assert ((product(a, b).double() - a.double() @ b.double().t()).abs() <= bound(a, b)).all()


def test_expanded_factors_too():
    a, b = torch.randn(1, 80).expand(70, 80), torch.randn(90, 1).expand(90, 80)
    assert ((product(a, b).double() - a.double() @ b.double().t()).abs() <= bound(a, b)).all()


def penalized(layers, x):
    """A loss with the square of a gradient in it, and its gradients."""
    y = layers(x)
    (slope,) = torch.autograd.grad(y.tanh().sum(), x, create_graph=True)
    loss = y.square().mean() + slope.square().sum(1).mean()
    return [loss, *torch.autograd.grad(loss, [x, *layers.parameters()])]


@pytest.mark.parametrize("lead", [(100,), (4, 30)])
def test_gradients_and_second_gradients_are_those_of_float64(lead):
    layers = nn.Sequential(nn.Linear(70, 96), nn.Tanh(), nn.Linear(96, 80, bias=False), nn.Tanh(), nn.Linear(80, 3))
    x = torch.randn(*lead, 70, requires_grad=True)
    with multiplied_by("onednn", layers):
        found = penalized(layers, x)
    usual = penalized(layers, x)
    exact = penalized(layers.double(), x.detach().double().requires_grad_())
    for one, other, true in zip(found, usual, exact, strict=True):
        size = true.abs().max() + 1e-12
        # both round: ours by no more than some times what PyTorch's own products do
        assert (one - true).abs().max() / size <= 8 * (other - true).abs().max() / size + 1e-6


def test_it_is_another_library():
    layer, x = nn.Linear(784, 400), torch.randn(256, 784)
    calls = []
    original = products.product
    try:
        products.product = lambda a, b: calls.append(a.shape) or original(a, b)
        with multiplied_by("onednn", layer):
            layer(x)
        layer(x)
        with multiplied_by("torch", layer):
            layer(x)
    finally:
        products.product = original
    assert calls == [(256, 784)]


def test_what_is_no_plain_float32_is_left_as_it_is():
    layer, x = nn.Linear(70, 80), torch.randn(90, 70)
    with torch.autocast("cpu", torch.bfloat16):
        assert linear(layer, x).dtype == torch.bfloat16
    assert linear(layer.double(), x.double()).equal(layer(x.double()))
    layer.float()
    batched = torch.func.vmap(lambda row: linear(layer, row[None])[0])(x)
    torch.testing.assert_close(batched, layer(x))
    assert linear(layer, x[0]).shape == (80,)


class Own(nn.Linear):
    def forward(self, x):
        return super().forward(x) + 1


def test_layers_of_ones_own_are_not_touched_and_all_are_given_back_even_after_an_error():
    own, layer, patched = Own(70, 80), nn.Linear(70, 80), nn.Linear(70, 80)
    patched.forward = lambda x: x
    x = torch.randn(90, 70)
    with multiplied_by("onednn", nn.ModuleList([own, layer, patched]), layer):
        assert patched(x) is x
        assert "forward" not in vars(own)
        assert "forward" in vars(layer)
    with pytest.raises(ZeroDivisionError), multiplied_by("onednn", layer):
        1 / 0  # noqa: B018
    assert "forward" not in vars(layer)
    assert patched(x) is x


@pytest.mark.parametrize(
    ("vendor", "capability", "device", "expected"),
    [
        ("AuthenticAMD", "AVX512", "cpu", "onednn"),
        ("AuthenticAMD", "AVX2", "cpu", "torch"),
        ("GenuineIntel", "AVX512", "cpu", "torch"),
        ("AuthenticAMD", "AVX512", "cuda", "torch"),
    ],
)
def test_the_processor_decides(monkeypatch, vendor, capability, device, expected):
    monkeypatch.setattr(products, "vendor", lambda: vendor)
    monkeypatch.setattr(torch.backends.cpu, "get_cpu_capability", lambda: capability)
    assert usual_products(torch.device(device)) == expected


def trained(folder, products, **more):
    model = reparam.VAE(
        reparam.networks.MLP(70, [96], 2 * 4),
        reparam.networks.MLP(4, [96], 70),
        reparam.models.StandardNormal(4),
        likelihood=reparam.models.NormalLikelihood((70,)),
    )
    x = torch.randn(640, 70, generator=torch.Generator().manual_seed(1))
    settings = {"precision": "fp32", "batch_size": 64, "progress": reparam.training.Silent()}
    settings |= {} if products is None else {"products": products}
    return reparam.fit(model, x, folder, **settings, **more)


def test_it_is_written_down_and_the_run_goes_on_by_it(tmp_path):
    class Enough(reparam.training.Callback):
        def step(self, session):
            if session.step == 9:
                raise KeyboardInterrupt

    torch.manual_seed(0)
    whole = trained(tmp_path / "whole", "onednn", epochs=4)
    assert json.loads((tmp_path / "whole" / "config.json").read_text())["training"]["products"] == "onednn"
    torch.manual_seed(0)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path / "halted", "onednn", epochs=4, callbacks=[Enough()])
    trained(tmp_path / "halted", None, epochs=4, resume=True)
    assert (tmp_path / "whole" / "metrics.jsonl").read_bytes() == (tmp_path / "halted" / "metrics.jsonl").read_bytes()
    torch.manual_seed(0)
    usual = trained(tmp_path / "usual", "torch", epochs=4)
    assert usual.test["elbo"] == pytest.approx(whole.test["elbo"], rel=1e-3)


def test_what_judges_a_model_never_depends_on_it():
    run = trained(None, "onednn", steps=20)
    assert average(run.model, run.data.test, run.data, seed=0) == run.test
