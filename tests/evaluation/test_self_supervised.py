"""Features that a network learns from the training images: the loss, the views, the same bits, and what they tell."""

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter

from helpers import said
from reparam.data import Dataset, Split
from reparam.errors import UserError
from reparam.evaluation import Yardstick
from reparam.evaluation.samples import self_supervised as module
from reparam.evaluation.samples.features import choose_features
from reparam.evaluation.samples.frechet import frechet_distance
from reparam.evaluation.samples.self_supervised import WIDTH, brought, learned, self_supervised, training_images
from reparam.evaluation.samples.vicreg import vicreg_loss
from reparam.evaluation.samples.views import cropped, view
from reparam.hardware import threads


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path / "reparam" / "networks"


@pytest.fixture
def short(monkeypatch):
    monkeypatch.setattr(module, "STEPS", 2)


def stripes(n, seed=0, kinds=4, side=12):
    """Colour stripes of four directions and random phase and period, ``(n, 3, side, side)``, and their kinds."""
    rng = torch.Generator().manual_seed(seed)
    kind = torch.randint(kinds, (n,), generator=rng)
    angle = (kind * torch.pi / 4)[:, None, None]
    grid = torch.arange(side).float()
    phase, period = 6 * torch.rand(n, 1, 1, generator=rng), 3 + 2 * torch.rand(n, 1, 1, generator=rng)
    wave = torch.sin(2 * torch.pi * (grid * torch.cos(angle) + grid[:, None] * torch.sin(angle)) / period + phase)
    return (0.5 + 0.4 * wave[:, None] * (0.3 + 0.7 * torch.rand(n, 3, 1, 1, generator=rng))), kind


def dataset(x):
    return Dataset("some", Split(x), Split(x), Split(x), data_shape=tuple(x.shape[1:]))


def vicreg_by_hand(a, b):
    """The paper's equations with NumPy's moments."""
    found = 25 * np.mean((a - b) ** 2)
    for z in (a, b):
        covariance = np.cov(z, rowvar=False)
        found += 25 / 2 * np.mean(np.maximum(0, 1 - np.sqrt(np.diag(covariance) + 1e-4)))
        found += (np.sum(covariance**2) - np.sum(np.diag(covariance) ** 2)) / z.shape[1]
    return found


def test_the_loss_and_its_gradient_are_the_papers():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 9, 4)) * [0.3, 0.9, 1.5, 0.5]
    x, y = (torch.tensor(z, requires_grad=True) for z in (a, b))
    loss = vicreg_loss(x, y)["loss"]
    assert loss.item() == pytest.approx(vicreg_by_hand(a, b), rel=1e-12)
    loss.backward()
    for which, grad in ((0, x.grad), (1, y.grad)):
        for place in ((0, 0), (3, 1), (8, 2), (5, 3)):
            moved = [[np.array(a), np.array(b)] for _ in range(2)]
            moved[0][which][place] += 1e-5
            moved[1][which][place] -= 1e-5
            slope = (vicreg_by_hand(*moved[0]) - vicreg_by_hand(*moved[1])) / 2e-5
            assert grad[place].item() == pytest.approx(slope, rel=1e-6, abs=1e-8)


def test_what_the_loss_asks_for():
    spread = torch.tensor([[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0], [-1.0, 1.0]])
    one = torch.ones(4, 2)
    assert vicreg_loss(spread, spread)["loss"] == 0
    assert vicreg_loss(one, one)["loss"].item() == pytest.approx(25 * 0.99), "all codes are one"
    both = spread[:, :1].expand(-1, 2)
    assert vicreg_loss(both, both)["covariance"].item() == pytest.approx(2 * (4 / 3) ** 2), "dimensions tell the same"
    for a, b in ((spread, spread[:3]), (spread[:1], spread[:1]), (spread[None], spread[None])):
        with pytest.raises(UserError, match="codes of two views"):
            vicreg_loss(a, b)


def test_views_are_crops_in_another_light():
    torch.manual_seed(0)
    x = torch.randn(5, 2, 9, 30)
    for _ in range(20):
        part = cropped(x)
        height, width = part.shape[2:]
        assert 5 <= height <= 9
        assert 18 <= width <= 30
        for whole, crop in zip(x, part, strict=True):
            assert any(torch.equal(window, crop) for window in _windows(whole, height, width))
    flat = view(torch.ones(4000, 1, 4, 4))
    assert flat.std((2, 3)).max() < 1e-6, "the light is one for all pixels"
    levels = flat[:, 0, 0, 0]
    assert levels.mean().item() == pytest.approx(1, abs=0.02)
    assert levels.var().item() == pytest.approx(2 * 0.8**2 / 12, rel=0.1)
    assert cropped(torch.zeros(2, 1, 1, 1)).shape == (2, 1, 1, 1)
    assert cropped(torch.zeros(2, 1, 64, 64)).shape[2] <= 40


def _windows(image, height, width):
    found = image.unfold(1, height, 1).unfold(2, width, 1)
    return found.permute(1, 2, 0, 3, 4).flatten(0, 1)


def test_the_same_seed_gives_the_same_bits_on_any_number_of_threads():
    x = stripes(80)[0]
    with threads(2):
        one = learned(x, 0, 3).state_dict()
    torch.manual_seed(5)
    other = learned(x, 0, 3).state_dict()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert not torch.equal(learned(x, 1, 3).mean, other["mean"])


def test_it_is_trained_once_and_damage_costs_time_only(folder, short, monkeypatch):
    data = dataset(stripes(90)[0])
    name, extract = self_supervised(data)
    found = extract(data.train.x)
    assert found.shape == (90, WIDTH)
    assert found.mean(0).abs().max() < 1e-3
    (path,) = folder.iterdir()

    def forbidden(*_):
        raise AssertionError("it is there already")

    with monkeypatch.context() as patched:
        patched.setattr(module, "learned", forbidden)
        again, read = self_supervised(data)
        assert again == name
        assert torch.equal(read(data.train.x), found)
        for other, seed in ((dataset(stripes(90, seed=1)[0]), 0), (data, 1)):
            with pytest.raises(AssertionError, match="there already"):
                self_supervised(other, seed)
    for content in (b"", path.read_bytes()[:200]):
        path.write_bytes(content)
        assert torch.equal(self_supervised(data)[1](data.train.x), found)


def test_the_name_has_all_that_was_chosen(short):
    name = choose_features("self", dataset(stripes(90)[0]), stripes(90)[0], seed=3).name
    for words in ("90 of the training images", "480 numbers", "VICReg", "60% to 100%", "seed 3", "weights "):
        assert words in name


@pytest.mark.parametrize("shape", [(1, 1, 1), (4, 3, 5), (3, 100, 70)])
def test_images_of_any_size_have_finite_features(shape, short):
    x = torch.rand(70, *shape, generator=torch.Generator().manual_seed(0))
    assert choose_features("self", dataset(x), x)(x + 1).shape == (70, WIDTH)
    assert choose_features("self", dataset(torch.full_like(x, 0.5)), x)(x).isfinite().all()
    assert max(brought(x).shape[2:]) <= 64


def test_of_many_or_large_images_some_are_learned_from(monkeypatch):
    x = torch.rand(50, 1, 8, 8)
    monkeypatch.setattr(module, "MOST_NUMBERS", 640)
    assert training_images(dataset(x), 0).shape == (10, 1, 8, 8)


def test_what_is_no_image_is_refused():
    x = torch.rand(60, 5)
    with pytest.raises(UserError, match="self sees images"):
        choose_features("self", dataset(x), x)


def test_known_damage_is_ranked_rightly():
    """Noise, blur and missing kinds of growing strength, farther than others of the same law."""
    x, _ = stripes(2000)
    trunk = learned(x, 0, 30)
    real, (fresh, kind) = trunk(x), stripes(1500, seed=1)

    def distance(images):
        return frechet_distance(real, trunk(images)).value

    floor = distance(fresh)
    rng = torch.Generator().manual_seed(2)
    noise = [distance(fresh + s * torch.randn(fresh.shape, generator=rng)) for s in (0.05, 0.1, 0.2)]
    blur = [
        distance(torch.from_numpy(gaussian_filter(fresh.numpy(), (0, 0, s, s), mode="nearest")))
        for s in (0.5, 0.8, 1.2)
    ]
    missing = [distance(fresh[kind >= least]) for least in (1, 2, 3)]
    for damaged in (noise, blur, missing):
        assert floor < damaged[0] < damaged[1] < damaged[2]
        assert damaged[0] > 1.5 * floor


def test_the_command_and_the_yardstick_take_it(tmp_path, capsys, short):
    x = (stripes(700)[0] * 255).byte()
    np.save(tmp_path / "x.npy", x.permute(0, 2, 3, 1).numpy())
    argv = [
        "--network",
        "mlp",
        "--hidden",
        "8",
        "--latent-dim",
        "2",
        "--steps",
        "5",
        "--quiet",
        "--out",
        tmp_path / "run",
    ]
    assert said(capsys, "train", "vae", "--data", tmp_path / "x.npy", *argv)[0] == 0
    code, out, err = said(capsys, "evaluate", tmp_path / "run", "--quality", "--count", "60", "--features", "self")
    assert code == 0, err
    assert "a network that learned from 560 of the training images" in " ".join(out.split())
    by = Yardstick(dataset(stripes(90)[0]), features="self", neighbours=60)
    assert by.floor().frechet.value >= 0
