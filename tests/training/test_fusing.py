"""A fused training: the gradient of float64, the noise of any other, the same bits when it goes on, or one sentence."""

import json

import pytest
import torch
from torch import nn

import reparam
from helpers import quiet_fit
from reparam.errors import UserError
from reparam.models import Batch, Turn
from reparam.models.vae.objectives import ELBO
from reparam.networks import MLP
from reparam.networks.products import has_onednn, multiplied_by
from reparam.settings import TrainingConfig
from reparam.training import fusing
from reparam.training.callbacks import Callback
from reparam.training.fusing import Fused, fused

needs_a_compiler = pytest.mark.skipif(not fusing.has_compiler(), reason="there is no C++ compiler here")
PIXELS = 70


@pytest.fixture(autouse=True, scope="module")
def own_cache(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(fusing.CACHE, str(tmp_path_factory.mktemp("compiled")))
        yield


def vae(**objective):
    torch.manual_seed(0)
    objective = ELBO(**objective)
    return reparam.VAE(
        MLP(PIXELS, [96], 2 * 4), MLP(4, [96], PIXELS), reparam.models.StandardNormal(4), objective=objective
    )


def coins(n):
    return (torch.rand(n, PIXELS, generator=torch.Generator().manual_seed(1)) < 0.3).float()


def gradients(turn, loss, x, modules, products="torch"):
    torch.manual_seed(2)
    with multiplied_by(products, *modules):
        terms = loss(Batch(x, step=3, epoch=0.25, progress=0.1))
        return terms, torch.autograd.grad(terms["loss"], list(turn.moves.parameters()))


@needs_a_compiler
@pytest.mark.slow
@pytest.mark.parametrize("products", ["torch", "onednn"])
def test_loss_and_gradients_are_those_of_float64_under_the_same_noise(products, monkeypatch):
    if products == "onednn" and not has_onednn():
        pytest.skip("this PyTorch cannot be asked for oneDNN's products")
    model, x = vae(kl_warmup=1.0), coins(128)
    (turn,) = model.turns()
    compiled = Fused(turn, [model], torch.get_num_threads())
    ours, found = gradients(turn, compiled, x, [model], products)
    _, eager = gradients(turn, turn.loss, x, [model])
    drawn = torch.randn
    monkeypatch.setattr(torch, "randn", lambda *shape, dtype=None, **how: drawn(*shape, **how).to(dtype))
    model.double()
    exact, true = gradients(turn, turn.loss, x.double(), [model])
    assert ours.keys() == exact.keys()
    for name, value in exact.items():
        assert ours[name].item() == pytest.approx(value.item(), rel=1e-5)
    for one, other, right in zip(found, eager, true, strict=True):
        size = right.abs().max()
        # both round: ours by no more than some times what the usual way does
        assert (one - right).abs().max() / size <= 8 * (other - right).abs().max() / size + 1e-6


@needs_a_compiler
@pytest.mark.slow
def test_buffers_and_noise_are_as_ever():
    torch.manual_seed(0)
    parts = [nn.Sequential(nn.Linear(6, 8), nn.BatchNorm1d(8), nn.Dropout(0.5), nn.Linear(8, 3)) for _ in range(2)]
    parts[1].load_state_dict(parts[0].state_dict())

    def turn(part):
        return Turn("player", part, lambda batch: {"loss": part(batch.x).square().mean() * (1 + batch.progress)})

    (usual,), (ours,) = [turn(parts[0])], fused([turn(parts[1])], [parts[1]], torch.get_num_threads())
    for step in range(4):
        batch = Batch(torch.randn(32, 6), step=step, epoch=step / 2, progress=step / 4)
        told = []
        for one in (usual, ours):
            torch.manual_seed(step)
            told.append(one.loss(batch)["loss"].item())
            told.append(torch.rand(()).item())  # what noise comes next is the same, too
        assert told[1] == told[3]
        assert told[0] == pytest.approx(told[2], rel=1e-5)
    for one, other in zip(parts[0].buffers(), parts[1].buffers(), strict=True):
        torch.testing.assert_close(one, other)
    assert parts[1][1].num_batches_tracked == 4


@needs_a_compiler
@pytest.mark.slow
def test_it_is_written_down_and_the_run_goes_on_to_the_bit(tmp_path):
    class Enough(Callback):
        def step(self, session):
            if session.step == 13:
                raise KeyboardInterrupt

    how = {"batch_size": 64, "precision": "fp32", "fuse": "yes", "epochs": 4, "log_every": 3}
    run = quiet_fit(vae(kl_warmup=2.0), coins(640), tmp_path / "whole", **how)
    assert json.loads((tmp_path / "whole" / "config.json").read_text())["training"]["fuse"] == "yes"
    with pytest.raises(KeyboardInterrupt):
        quiet_fit(vae(kl_warmup=2.0), coins(640), tmp_path / "halted", callbacks=[Enough()], **how)
    quiet_fit(vae(kl_warmup=2.0), coins(640), tmp_path / "halted", resume=True, **how)
    for name in ("metrics.jsonl", "checkpoints/last.safetensors"):
        assert (tmp_path / "whole" / name).read_bytes() == (tmp_path / "halted" / name).read_bytes()
    usual = quiet_fit(vae(kl_warmup=2.0), coins(640), **how | {"fuse": "no"})
    assert run.test["elbo"] == pytest.approx(usual.test["elbo"], rel=1e-3)


def penalized(constraint):
    torch.manual_seed(0)
    return reparam.WGAN(MLP(2, [8], 3), MLP(3, [8], 1), 2, (3,), constraint=constraint)


@needs_a_compiler
@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"compile": True}, "compile=True has the networks"),
        ({"shards": 2, "batch_norm_over": "batch"}, "in the middle of a network"),
    ],
)
def test_what_it_does_not_go_with_is_refused_before_anything_is_written(tmp_path, given, said):
    with pytest.raises(UserError, match=said):
        quiet_fit(vae(), coins(64), tmp_path / "run", fuse="yes", batch_size=16, steps=2, **given)
    assert not (tmp_path / "run").exists()


@needs_a_compiler
def test_a_gradient_of_a_gradient_is_refused_before_anything_is_written(tmp_path):
    model = penalized(reparam.models.gan.constraints.GradientPenalty(10.0))
    with pytest.raises(UserError, match=r"turn 'discriminator' .* gradient of a gradient.* use fuse=\"no\""):
        quiet_fit(model, torch.randn(64, 3), tmp_path / "run", fuse="yes", batch_size=16, steps=2)
    assert not (tmp_path / "run").exists()


def test_without_a_compiler_it_is_one_sentence_and_auto_does_without(tmp_path, monkeypatch):
    monkeypatch.setenv("CXX", "no-such-compiler")
    with pytest.raises(UserError, match=r"no C\+\+ compiler \(no-such-compiler"):
        quiet_fit(vae(), coins(64), tmp_path / "run", fuse="yes", batch_size=16, steps=2)
    assert not (tmp_path / "run").exists()
    how = TrainingConfig(fuse="auto")
    data = reparam.data.as_dataset(coins(64))
    assert fusing.resolved(how, vae(), data, torch.device("cpu"), fusing.LONG) == "no"
    with pytest.raises(UserError, match="no-such-compiler is not here"):
        fused(list(vae().turns()), [], 1)


@needs_a_compiler
def test_auto_goes_by_the_length_of_the_run():
    how, data = TrainingConfig(fuse="auto", batch_size=16), reparam.data.as_dataset(coins(64))
    found = [fusing.resolved(how, vae(), data, torch.device("cpu"), steps) for steps in (fusing.LONG - 1, fusing.LONG)]
    assert found == ["no", "yes"]
    assert fusing.resolved(how, vae(), data, torch.device("cuda"), fusing.LONG) == "no"
    assert fusing.resolved(TrainingConfig(), vae(), data, torch.device("cpu"), fusing.LONG) == "no"


@needs_a_compiler
def test_a_study_has_more_models_than_torch_keeps_of_one_function():
    for width in range(2, 14):
        turn = Turn("one", layer := nn.Linear(width, 1), lambda batch, layer=layer: {"loss": layer(batch.x).sum()})
        loss = fusing._compiled(turn.loss, backend="eager")
        assert loss(Batch(torch.ones(3, width)))["loss"].requires_grad
