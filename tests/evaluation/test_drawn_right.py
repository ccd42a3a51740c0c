"""Every picture of images in any numbers shows what the numbers mean, and the numbers are the data's own."""

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg

import reparam
from reparam import plots
from reparam.data import Dataset
from reparam.evaluation import drawing, snapshots
from reparam.models import VAE, NormalLikelihood, StandardNormal
from reparam.networks import MLP
from reparam.studies.plane import explorer
from reparam.training import Silent

RNG = np.random.default_rng(2)
RGBA = RNG.integers(0, 256, (60, 4, 5, 6), dtype=np.uint8)
RGBA[:, 3] = RNG.integers(0, 2, (60, 5, 6)) * 255
BANDS = RNG.integers(0, 4096, (60, 13, 14, 15)).astype(np.uint16)
BANDS[0, 0, 0, 0] = 4095


def over_grey(x):
    x, alpha = x[..., :3, :, :], x[..., 3:, :, :].clip(0, 1)
    return x * alpha + 0.5 * (1 - alpha)


#: Data, how their numbers become a picture, written down once more, and what titles add.
KINDS = {
    "minus one to one": (RNG.uniform(-1, 1, (60, 3, 5, 6)).astype(np.float32), lambda x: (x + 1) / 2, ""),
    "to 255": (RNG.uniform(0, 255, (60, 1, 5, 6)).astype(np.float32), lambda x: x / 255, ""),
    "12 bits": (BANDS[:, :1], lambda x: x / 4095, ""),
    "opacity": (RGBA, over_grey, " (over grey)"),
    "bands": (BANDS, lambda x: x[..., :3, :, :] / 4095, " (channels 1, 2, 3 of 13)"),
}


@pytest.fixture(scope="module", params=KINDS)
def trained(request, tmp_path_factory):
    array, seen, words = KINDS[request.param]
    shape = array.shape[1:]
    likelihood = NormalLikelihood(shape)
    vae = VAE(MLP(shape, [8], 4), MLP(2, [8], shape), StandardNormal(2), likelihood=likelihood)
    place = tmp_path_factory.mktemp("runs") / "run"
    reparam.fit(vae, Dataset.of(array), place, steps=3, progress=Silent())
    run = reparam.load(place, data=array)
    return run, array, seen, words


def raster(figure):
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())


def alike(figure, expected):
    assert np.array_equal(raster(figure), raster(expected))


def test_samples(trained):
    run, array, seen, words = trained
    found = reparam.sample(run, 9)
    unit = run.record.unit
    assert unit == (4095 if array.dtype == np.uint16 else 1)
    made = drawing(run, 9, as_seen=True).samples()
    assert np.allclose(found.x, made.x * unit, rtol=1e-6, atol=1e-6)
    assert found.title.endswith(words)
    alike(found.figure(), plots.image_grid(seen(found.mean.astype(float)), title=found.title))
    alike(drawing(run, 9).figure(), found.figure())
    assert "look" not in found.json()
    assert set(found.numbers) == {"x", "mean"}


def test_reconstructions_are_of_the_numbers_that_were_given(trained):
    run, array, seen, words = trained
    found = reparam.reconstruct(run, x=array[:5])
    raw = array[:5].astype(np.float64)
    shown = raw / 255 if array.dtype == np.uint8 else raw
    assert np.allclose(found.x, shown, rtol=1e-6, atol=1e-6)
    assert found.title.endswith(words)
    alike(found.figure(), plots.reconstructions(seen(found.x.astype(float)), seen(found.reconstruction.astype(float))))
    again = reparam.reconstruct(run, 5)
    assert again.x.shape == found.x.shape


def test_snapshots_walks_and_the_plane(trained):
    run, _, seen, words = trained
    kept = snapshots(run)
    labelled = [(f"after step {n:,}", seen(x.astype(float))) for n, x in zip(kept.steps, kept.samples, strict=True)]
    alike(kept.figure(), plots.samples_over_training(labelled))
    walk = reparam.interpolate(run, 3)
    alike(walk.figure(), plots.image_grid(seen(walk.x.astype(float)), columns=5, title=walk.title + words))
    plane = reparam.evaluation.manifold(run, 4)
    expected = plots.manifold(seen(plane.images.astype(float)), plane.z1, z2_axis=plane.z2, title=plane.title + words)
    alike(plane.figure(), expected)
    page = explorer(run, "the plane")
    assert page.sprite.startswith(b"\x89PNG")


def test_what_is_given_back_is_taken_again(trained):
    run, array, _, _ = trained
    found = reparam.reconstruct(run, x=array[:5])
    codes = run.encode(array[:5])
    again = run.encode(found.x)
    assert torch.as_tensor(again).allclose(torch.as_tensor(codes), rtol=1e-4, atol=1e-5)


def test_two_samples_are_compared_in_the_same_numbers(trained):
    from reparam.evaluation.apart import _both, _opened

    run, array, _, _ = trained
    x, y = _both(run, _opened(Dataset.of(array), 0, {}), 5, 0, lambda text: None)
    unit = 255.0 if array.dtype == np.uint8 else 1.0
    assert set(np.unique(np.rint(y * unit))) <= set(np.unique(np.rint(array.astype(float))))
    assert x.shape == y.shape
