"""Devices that are not here: chosen, seeded and summed on as torch says of them, or refused in a sentence.

None of Apple's or Intel's devices can be tried here. What torch is asked and told is, and that nothing asks for float64
where there is none: torch's `meta` device, which computes nothing, stands in for it.
"""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from catalogue import CATALOGUE
from reparam import hardware
from reparam.distributions import Normal, NormalMixture
from reparam.errors import UserError
from reparam.hardware import choose_device, in_float64, widest
from reparam.models.model import Batch
from reparam.models.protocols import Evaluates
from reparam.randomness import derive_seed, noise, seed_noise


@pytest.mark.parametrize("name", ["mps", "xpu", "xpu:3", "cuda:99", "mps:1", "meta", "tpu", "cuda:x", "vulkan"])
def test_a_device_that_is_not_here_is_refused_in_a_sentence(name):
    with pytest.raises(UserError, match=rf"^device '{name}' is (not here|not known|none to train on).*: use .*cpu"):
        choose_device(name)


def test_a_device_that_is_here_is_chosen(monkeypatch):
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.xpu, "device_count", lambda: 2)
    assert choose_device("mps") == torch.device("mps")
    assert choose_device("xpu:1") == torch.device("xpu", 1)
    with pytest.raises(UserError, match="this machine has 2 of xpu"):
        choose_device("xpu:2")
    assert choose_device("auto").type in ("cpu", "cuda")


def test_every_device_that_is_in_use_is_seeded(monkeypatch):
    told = {}
    for module in (torch.cuda, torch.xpu):
        monkeypatch.setattr(module, "is_initialized", lambda: True)
        monkeypatch.setattr(module, "manual_seed_all", lambda number, name=module.__name__: told.update({name: number}))
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.mps, "manual_seed", lambda number: told.update({"torch.mps": number}))
    seed_noise(3, "step", 5)
    assert told == dict.fromkeys(("torch.cuda", "torch.xpu", "torch.mps"), derive_seed(3, "step", 5))


def test_the_noise_of_an_apple_device_is_put_back(monkeypatch):
    states = ["before"]
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(torch.mps, "manual_seed", lambda number: states.append("seeded"))
    monkeypatch.setattr(torch.mps, "get_rng_state", lambda: states[-1])
    monkeypatch.setattr(torch.mps, "set_rng_state", states.append)
    with noise(0):
        assert states[-1] == "seeded"
    assert states == ["before", "seeded", "before"]


class Narrow(TorchDispatchMode):
    """Lists what is computed in float64 on `meta`, as Apple's devices would refuse to."""

    def __init__(self):
        super().__init__()
        self.found = []

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        tensors = [leaf for leaf in tree_leaves((args, kwargs, result)) if isinstance(leaf, torch.Tensor)]
        if any(tensor.dtype == torch.float64 and tensor.device.type == "meta" for tensor in tensors):
            self.found.append(function)
        return result


@pytest.fixture
def narrow(monkeypatch):
    monkeypatch.setattr(hardware, "NARROW", {"meta"})


@pytest.mark.slow  # not run under every setting of the processor: `meta` computes nothing, on any
@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize("entry", CATALOGUE, ids=str)
def test_no_turn_and_no_evaluation_of_a_model_needs_float64_where_there_is_none(entry):
    model = entry.build().to("meta")
    y = torch.zeros(4, dtype=torch.int64, device="meta") if entry.classes else None
    batch = Batch(torch.zeros(4, *model.data_shape, device="meta"), y)
    with Narrow() as narrow:
        for turn in model.turns():
            turn.loss(batch)["loss"].backward()
        if isinstance(model, Evaluates):
            model.evaluate(batch)
        model.sample(4)
    assert narrow.found == []


def test_without_float64_a_mixture_is_computed_in_float32(monkeypatch):
    mixture = NormalMixture(torch.zeros(3), Normal(torch.randn(3, 2), torch.ones(3, 2)))
    z = torch.randn(5, 2)
    wide = mixture.log_prob(z)
    monkeypatch.setattr(hardware, "NARROW", {"cpu"})
    # squares of numbers below 10 and their sums: some tens of roundings of 2^-24 each
    torch.testing.assert_close(mixture.log_prob(z), wide, rtol=0, atol=1e-4)
    assert not torch.equal(mixture.log_prob(z), wide)


def test_sums_are_in_float64_on_the_processor_where_the_device_has_none(monkeypatch):
    assert widest(torch.device("mps")) == torch.float32
    assert widest(torch.device("cuda")) == widest(torch.device("cpu")) == torch.float64
    for has in (True, False):
        properties = type("Properties", (), {"has_fp64": has})
        monkeypatch.setattr(torch.xpu, "get_device_properties", lambda device, p=properties: p)
        assert widest(torch.device("xpu")) == (torch.float64 if has else torch.float32)
    assert in_float64(torch.ones(2, device="meta")).device.type == "meta"
    monkeypatch.setattr(hardware, "NARROW", {"meta"})
    with pytest.raises(NotImplementedError, match="Cannot copy out of meta tensor"):  # so it goes to the processor
        in_float64(torch.ones(2, device="meta"))


@pytest.mark.skipif(not hasattr(torch.backends.cuda.matmul, "fp32_precision"), reason="came with torch 2.9")
@pytest.mark.parametrize(("precision", "expected"), [("fp32", "ieee"), ("bf16", "ieee"), ("tf32", "tf32")])
def test_cuda_multiplies_as_a_training_says_and_as_before_afterwards(precision, expected):
    def told():
        return torch.backends.cuda.matmul.fp32_precision, torch.backends.cudnn.conv.fp32_precision

    before = told()
    with hardware.multiplied_as(precision, torch.device("cuda")):
        assert told() == (expected, expected)
        with hardware.exact():
            assert told() == ("ieee", "ieee")
        assert told() == (expected, expected)
    assert told() == before
    with hardware.multiplied_as(precision, torch.device("cpu")):
        assert told() == before


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU here: how it rounds is not tried")
def test_a_product_in_tf32_is_rounded_and_one_in_fp32_is_not():
    a = torch.rand(256, 256, device="cuda")
    found = {}
    for precision in ("fp32", "tf32"):
        with hardware.multiplied_as(precision, a.device):
            found[precision] = ((a @ a).double() / (a.double() @ a.double()) - 1).abs().max().item()
    assert found["fp32"] < 1e-6 < 1e-5 < found["tf32"] < 1e-2
