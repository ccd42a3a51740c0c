"""DINOv2's features are timm's own, of weights that are at hand; what is missing or other is said."""

import re
import sys
from copy import deepcopy
from dataclasses import replace
from importlib import import_module
from importlib.util import find_spec

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import save_file

from helpers import said
from reparam.data import Dataset, Split
from reparam.errors import UserError
from reparam.evaluation.samples import dinov2
from reparam.evaluation.samples.dinov2 import DEVIATION, MEAN, VARIABLE, Dinov2, prepared
from reparam.evaluation.samples.features import choose_features
from reparam.hardware import choose_device, exact
from reparam.studies import Asked
from reparam.studies.judge import Judge


def timm():
    """The library, or None where it (or the torchvision that it imports) is not installed."""
    try:
        return import_module("timm")
    except (ImportError, RuntimeError, OSError):
        return None


needs_timm = pytest.mark.skipif(
    timm() is None, reason="timm cannot be imported: it needs a torchvision of torch's build"
)


def images(n=3, channels=3, size=20):
    return torch.randint(0, 256, (n, channels, size, size + 3), dtype=torch.uint8)


def dataset(x):
    return Dataset("some", Split(x), Split(x), Split(x), data_shape=tuple(x.shape[1:]), scale=255.0)


@pytest.fixture(autouse=True)
def unnamed(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


@pytest.fixture(scope="module")
def theirs():
    """timm's small network of random weights, whose positions are those of 4 × 4 patches, where ours will be.

    Its layers weigh about 1, as a trained one's: at the 1e-5 that timm begins with, no image makes a difference.
    """
    torch.manual_seed(0)
    made = timm().create_model(
        "vit_small_patch14_dinov2", pretrained=False, num_classes=0, img_size=56, dynamic_img_size=True
    )
    scales = [value for name, value in made.named_parameters() if name.endswith("gamma")]
    assert len(scales) == 24
    for value in scales:
        torch.nn.init.uniform_(value, 0.5, 1.5)
    return made.eval().requires_grad_(False).to(choose_device("auto"))


@pytest.fixture(scope="module")
def weights(theirs, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / "model.safetensors"
    save_file({name: value.cpu() for name, value in theirs.state_dict().items()}, path)
    return path


@needs_timm
@torch.no_grad()
def test_features_are_those_of_timm(theirs, weights, monkeypatch):
    x = images()
    network = Dinov2(weights)
    found = choose_features(network, dataset(x), x)
    device = choose_device("auto")
    with exact():
        assert torch.equal(found(x / 255), theirs(prepared((x / 255).to(device))).cpu())
    assert torch.equal(network((x / 255).to(device)).cpu(), found(x / 255))  # with nobody around to forbid TF32
    # 12 blocks, each of two sums of products: float32 is off by 2e-6 here, TF32 in the first convolution by 7e-4
    precise = deepcopy(theirs).cpu().double()(prepared(x / 255).double())
    torch.testing.assert_close(found(x / 255).double(), precise, rtol=0, atol=3e-5)
    assert found(x / 255).shape == (3, 384)
    assert found(x / 255).std(0).mean() > 0.01  # images differ
    words = r"class token, vit_small_patch14_dinov2, 384 numbers; .* 224×224 by antialiased bicubic .*, not cropped"
    assert re.search(words + r".* \(weights [0-9a-f]{8}\)", found.name)
    assert not any(p.requires_grad for p in network.network.parameters())
    monkeypatch.setenv(VARIABLE, str(weights))
    assert choose_features("dinov2", dataset(x), x).name == found.name
    assert Judge(Asked(features="dinov2", dinov2_weights=weights))._features.title == found.name
    monkeypatch.setattr(dinov2, "AT_ONCE", 2)
    assert torch.allclose(network((x / 255).to(device)).cpu(), found(x / 255), atol=3e-5)


@needs_timm
def test_other_weights_are_refused(theirs, weights, tmp_path):
    tensors = {name: value.cpu() for name, value in theirs.state_dict().items()}
    short = {name: value for name, value in tensors.items() if not name.startswith("blocks.11")}
    deeper = tensors | {"blocks.12.norm1.weight": torch.zeros(384)}
    for name, changed, words in (
        ("short", short, r"blocks.11.norm1.weight is missing, and 13 more"),
        ("deeper", deeper, r"blocks.12.norm1.weight is not of it\)"),
        ("narrow", tensors | {"norm.bias": torch.zeros(5)}, r"norm.bias is \(5,\)\)"),
    ):
        save_file(changed, tmp_path / name)
        with pytest.raises(UserError, match=rf"{name} does not hold the weights of vit_small_patch14_dinov2 \({words}"):
            Dinov2(tmp_path / name)
    save_file(tensors | {"norm.bias": torch.ones(384)}, tmp_path / "changed")
    assert Dinov2(tmp_path / "changed").title != Dinov2(weights).title


def test_images_are_brought_to_the_network_as_pillow_does():
    for shape in ((1, 3, 300, 250), (1, 1, 28, 28)):
        x = torch.rand(shape, generator=torch.Generator().manual_seed(0))
        found = prepared(x)
        eight_bits = (x * 255).round().numpy()[0] / 255
        for channel in range(3):
            plane = Image.fromarray(eight_bits[min(channel, shape[1] - 1)].astype(np.float32))
            theirs = np.clip(np.asarray(plane.resize((224, 224), Image.Resampling.BICUBIC)), 0, 1)
            np.testing.assert_allclose(found[0, channel], (theirs - MEAN[channel]) / DEVIATION[channel], atol=1e-4)
    assert torch.equal(prepared(2 * x), prepared((2 * x).clamp(0, 1)))


def test_files_of_other_networks_are_refused(tmp_path):
    other = {"cls_token": torch.zeros(1, 1, 192), "pos_embed": torch.zeros(1, 197, 192)}
    wide = {"cls_token": torch.zeros(1, 1, 384), "pos_embed": torch.zeros(1, 197, 384)}
    for name, tensors in (
        ("any", {"fc.weight": torch.zeros(3)}),
        ("tiny", other),
        ("patches", wide | {"patch_embed.proj.weight": torch.zeros(384, 3, 16, 16)}),
        ("registers", wide | {"pos_embed": torch.zeros(1, 200, 384)}),
    ):
        save_file(tensors, tmp_path / name)
        with pytest.raises(UserError, match=rf"{name} holds \d tensors, which are not the weights of vit_small"):
            Dinov2(tmp_path / name)


def test_absent_and_broken_files_are_said_with_where_to_get_them(tmp_path, monkeypatch, capsys):
    with pytest.raises(UserError, match=rf"no weights of DINOv2 are named: fetch model.safetensors of .* {VARIABLE}"):
        Dinov2()
    monkeypatch.setenv(VARIABLE, str(tmp_path / "gone"))
    with pytest.raises(UserError, match="gone, where DINOv2's weights should be, is no file: fetch"):
        Dinov2()
    save_file({"a": torch.zeros(30)}, tmp_path / "whole")
    (tmp_path / "half").write_bytes((tmp_path / "whole").read_bytes()[:100])
    torch.save({"a": torch.zeros(3)}, tmp_path / "pickle")
    for name in ("half", "pickle"):
        with pytest.raises(UserError, match=f"{name} is no safetensors file: fetch"):
            Dinov2(tmp_path / name)
    monkeypatch.delenv(VARIABLE)
    words = ("evaluate", tmp_path / "run", "--quality", "--features", "dinov2")
    assert "fetch model.safetensors of timm/vit_large" in said(capsys, *words)[2]
    assert "name it with --dinov2-weights" in said(capsys, *words)[2]
    code, _, error = said(capsys, *words[:3], "--dinov2-weights", tmp_path / "whole")
    assert (code, "--dinov2-weights serve --features dinov2 only" in error) == (2, True)


def small_like(width=384):
    return {
        "cls_token": torch.zeros(1, 1, width),
        "pos_embed": torch.zeros(1, 17, width),
        "patch_embed.proj.weight": torch.zeros(width, 3, 14, 14),
    }


@pytest.mark.skipif(find_spec("timm") is not None, reason="timm is installed")
def test_absent_timm_is_said(tmp_path):
    save_file(small_like(), tmp_path / "w.safetensors")
    with pytest.raises(UserError, match=r"need timm: pip install 'reparam\[dinov2\]'"):
        Dinov2(tmp_path / "w.safetensors")


def test_a_timm_that_cannot_be_imported_is_said(tmp_path, monkeypatch):
    (tmp_path / "timm").mkdir()
    (tmp_path / "timm" / "__init__.py").write_text("raise RuntimeError('operator does not exist')")
    save_file(small_like(1024), tmp_path / "w.safetensors")
    monkeypatch.syspath_prepend(tmp_path)
    for name in [name for name in sys.modules if name == "timm" or name.startswith("timm.")]:
        monkeypatch.delitem(sys.modules, name)
    with pytest.raises(UserError, match=r"cannot be imported \(operator does not exist\): it imports torchvision"):
        Dinov2(tmp_path / "w.safetensors")


def test_data_that_are_no_images_are_refused():
    for x in (torch.rand(9, 5), torch.rand(9, 2, 8, 8), torch.rand(9, 1, 8, 8) * 3):
        with pytest.raises(UserError, match="DINOv2 sees grey and colour images"):
            choose_features("dinov2", replace(dataset(x), scale=1.0), x)
