"""Inception's features are torch-fidelity's own, of weights that are at hand; what is missing is said."""

import re
import sys
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec

import pytest
import torch
from safetensors.torch import save_file

from reparam.data import Dataset, Split
from reparam.errors import UserError
from reparam.evaluation.samples import inception
from reparam.evaluation.samples.features import choose_features
from reparam.evaluation.samples.inception import VARIABLE, Inception
from reparam.evaluation.samples.yardstick import Yardstick


def published():
    """torch-fidelity's module, or None where it (or the torchvision that it imports) is not installed."""
    try:
        return import_module("torch_fidelity.feature_extractor_inceptionv3")
    except (ImportError, RuntimeError, OSError):
        return None


needs_torch_fidelity = pytest.mark.skipif(published() is None, reason="torch-fidelity cannot be imported")


def images(n=3, channels=3, size=20):
    return torch.randint(0, 256, (n, channels, size, size + 3), dtype=torch.uint8)


def dataset(x):
    return Dataset("some", Split(x), Split(x), Split(x), data_shape=tuple(x.shape[1:]), scale=255.0)


@pytest.fixture(scope="module")
def theirs():
    """torch-fidelity's network with random weights."""
    torch.manual_seed(0)
    module = published()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(module.FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
        return module.FeatureExtractorInceptionV3("theirs", ["2048"])


@pytest.fixture(scope="module")
def weights(theirs, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "inception.safetensors"
    save_file(theirs.state_dict(), path)
    return path


@pytest.fixture(autouse=True)
def offline(monkeypatch):
    """No weights are named, and a download fails the test."""
    monkeypatch.delenv(VARIABLE, raising=False)
    if (module := published()) is not None:
        monkeypatch.delattr(module, "load_state_dict_from_url")


@needs_torch_fidelity
def test_features_are_those_of_torch_fidelity(theirs, weights, monkeypatch):
    x = images()
    network = Inception(weights)
    found = choose_features(network, dataset(x), x)
    assert torch.equal(found(x / 255), theirs(x)[0])
    assert found(x / 255).shape == (3, 2048)
    assert found(x / 255).std() > 0
    assert re.search(r"Inception-v3.* 2048 numbers \(weights [0-9a-f]{8}\)", found.name)
    assert (network.training, any(p.requires_grad for p in network.network.parameters())) == (True, False)
    monkeypatch.setenv(VARIABLE, str(weights))
    named = choose_features("inception", dataset(x), x)
    assert named.name == found.name
    assert torch.equal(named(x / 255), found(x / 255))


@needs_torch_fidelity
def test_grey_images_are_repeated_and_values_made_8_bit(theirs, weights, monkeypatch):
    monkeypatch.setattr(inception, "AT_ONCE", 2)
    x = images(5, channels=1)
    found = Inception(weights)(x / 255 + 0.4 / 255)
    assert torch.allclose(found, theirs(x.expand(-1, 3, -1, -1))[0], atol=1e-5)
    assert torch.equal(Inception(weights)(2 * x / 255), Inception(weights)((2 * x / 255).clamp(0, 1)))


@needs_torch_fidelity
def test_what_inception_cannot_see_is_refused(weights):
    network = Inception(weights)
    for shape in ((4, 2, 8, 8), (4, 3)):
        with pytest.raises(UserError, match="Inception sees images"):
            network(torch.rand(shape))
    with pytest.raises(UserError, match="not finite"):
        network(torch.full((1, 3, 8, 8), torch.nan))


@needs_torch_fidelity
def test_other_weights_are_refused(theirs, weights, tmp_path):
    save_file({"fc.weight": torch.zeros(3)}, tmp_path / "other.safetensors")
    with pytest.raises(UserError, match="not the weights of torch-fidelity's Inception"):
        Inception(tmp_path / "other.safetensors")
    changed = theirs.state_dict() | {"fc.bias": torch.ones(1008)}
    save_file(changed, tmp_path / "changed.safetensors")
    assert Inception(tmp_path / "changed.safetensors").title != Inception(weights).title


@needs_torch_fidelity
def test_a_yardstick_measures_by_inception(weights):
    x = images(60, size=8)
    by = Yardstick(dataset(x), neighbours=60, features=Inception(weights))
    assert by.features(by.x[:2]).shape == (2, 2048)
    assert "Inception-v3" in by.conditions().features


def test_absent_weights_are_said_with_where_to_get_them(tmp_path, monkeypatch):
    with pytest.raises(UserError, match=f"fetch https://.* convert it once: .* name the result in {VARIABLE}"):
        Inception()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "gone"))
    with pytest.raises(UserError, match=r"gone, where Inception's weights should be, is no file: fetch https://"):
        Inception()
    with pytest.raises(UserError, match="here, where Inception's"):
        Inception(tmp_path / "here")


def test_a_pickle_is_not_opened(tmp_path):
    torch.save({"fc.bias": torch.zeros(3)}, tmp_path / "weights.pth")
    with pytest.raises(UserError, match=r"weights.pth is no safetensors file: convert"):
        Inception(tmp_path / "weights.pth")


def test_the_conversion_that_is_advised_works(tmp_path, monkeypatch):
    tensors = {"a": torch.arange(6.0).reshape(2, 3).mT, "b": torch.tensor(3)}
    torch.save(tensors, tmp_path / inception.PUBLISHED.rsplit("/", 1)[1])
    monkeypatch.chdir(tmp_path)
    exec(re.fullmatch('python -c "(.*)"', inception.CONVERT)[1], {})  # our own words
    found = inception.WEIGHTS.read(tmp_path / "inception.safetensors")
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)


@pytest.mark.skipif(find_spec("torch_fidelity") is not None, reason="torch-fidelity is installed")
def test_absent_torch_fidelity_is_said(tmp_path):
    save_file({"fc.bias": torch.zeros(3)}, tmp_path / "w.safetensors")
    with pytest.raises(UserError, match=r"need torch-fidelity: pip install 'reparam\[inception\]'"):
        Inception(tmp_path / "w.safetensors")


def test_a_torch_fidelity_that_cannot_be_imported_is_said(tmp_path, monkeypatch):
    (tmp_path / "torch_fidelity").mkdir()
    (tmp_path / "torch_fidelity" / "__init__.py").write_text("raise RuntimeError('operator does not exist')")
    save_file({"fc.bias": torch.zeros(3)}, tmp_path / "w.safetensors")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name.startswith("torch_fidelity")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(UserError, match=r"cannot be imported \(operator does not exist\): it imports torchvision"):
        Inception(tmp_path / "w.safetensors")


def test_data_that_are_no_images_are_refused():
    for x in (torch.rand(9, 5), torch.rand(9, 2, 8, 8), torch.rand(9, 1, 8, 8) * 3):
        with pytest.raises(UserError, match="Inception sees grey and colour images"):
            choose_features("inception", replace(dataset(x), scale=1.0), x)
