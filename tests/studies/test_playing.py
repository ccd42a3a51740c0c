"""The models of a report are in its page, as many as it has room for; what is left out is said, and why."""

import re
from pathlib import Path

import numpy as np
import pytest
import torch

from browser_helpers import NEEDS_CHROMIUM
from helpers import quiet_fit
from reparam.data import Dataset, Split
from reparam.kinds import AutoencoderConfig, GANConfig, VAEConfig, build_model
from reparam.models.traits import Traits
from reparam.pages import Page, render
from reparam.studies import write
from reparam.studies.playing import AROUND, room_beside, section
from reparam.studies.results import Result, Results
from reparam.studies.trials import Trial

SMALL = {"network": "mlp", "likelihood": "bernoulli", "latent_dim": 2}
TRAITS = Traits(range=(0.0, 1.0))


def squares(n=400, side=12):
    """Binary images with a square of ones somewhere."""
    rng = np.random.default_rng(0)
    x = np.zeros((n, 1, side, side), np.uint8)
    for image, (row, column) in zip(x, rng.integers(0, side - 4, (n, 2)), strict=True):
        image[0, row : row + 4, column : column + 4] = 1
    splits = [Split(torch.from_numpy(part)) for part in np.split(x, [200, 300])]
    return Dataset("squares", *splits, data_shape=(1, side, side), binary=True, fingerprint="0" * 64, seed=0)


@pytest.fixture(scope="module")
def results():
    """An autoencoder, a VAE and a GAN of the same squares, hardly trained."""
    torch.manual_seed(0)
    data = squares()
    shape = data.data_shape
    models = {
        "autoencoder": build_model(AutoencoderConfig(hidden=(16,), **SMALL), shape),
        "vae": build_model(VAEConfig(hidden=(32,), **SMALL), shape),
        "gan": build_model(GANConfig(network="mlp", latent_dim=3, generator_hidden=(16,), discriminator_hidden=(16,),
                                     loss="non-saturating"), shape, TRAITS),
    }  # fmt: skip
    found = [Result(Trial(name, Path(name), quiet_fit(model, data, epochs=3))) for name, model in models.items()]
    return Results(None, data, tuple(found), None)


def titles(sections):
    return [figure.title for one in sections for figure in one.figures]


def size(figure):
    return len(figure.data.encode())


def test_all_are_there_in_the_reports_order_with_the_command_of_each(results):
    (one,) = section(results.pictured, 5_000_000)
    assert titles([one]) == ["autoencoder", "vae", "gan"]
    assert [figure.command for figure in one.figures] == [f"reparam explore {name}" for name in titles([one])]
    assert "left out" not in one.text
    assert "no room" not in one.text
    assert one.folds == "closed"


def test_what_there_is_no_room_for_is_said_and_who_has_a_bound_comes_first(results):
    (whole,) = section(results.pictured, 5_000_000)
    sizes = dict(zip(titles([whole]), map(size, whole.figures), strict=True))
    (one,) = section(results.pictured, sizes["vae"] + AROUND + 100)
    assert titles([one]) == ["vae"]
    assert re.search("no room left for `gan`, `autoencoder`, since this page stays below 5 MB", one.text)
    (none,) = section(results.pictured, AROUND)
    assert not none.figures
    assert "no room left for `vae`, `gan`, `autoencoder`" in none.text


@pytest.mark.parametrize("room", [60_000, 45_000, 30_000, 15_000])
def test_a_page_has_no_more_letters_than_there_is_room_for(results, room):
    """Whatever there is room for: what is added to a page is below what was asked for."""
    before = Page("A report", sections=[])
    added = len(render(Page("A report", sections=section(results.pictured, room))).encode()) - len(
        render(before).encode()
    )
    scripts = 5_000_000 - room_beside(before) - len(render(before).encode())
    assert added <= room + scripts
    assert scripts > 30_000  # the engine is no small thing, and was counted


def test_what_the_page_cannot_compute_is_told_with_its_layer(results):
    class Odd(torch.nn.Module):
        def forward(self, x):
            return torch.sin(x)

    vae = results.results[1].run.model
    vae.decoder, kept = torch.nn.Sequential(vae.decoder, Odd()), vae.decoder
    try:
        (one,) = section(results.pictured, 5_000_000)
    finally:
        vae.decoder = kept
    assert titles([one]) == ["autoencoder", "gan"]
    assert re.search("`vae` is left out: .*Odd", one.text)


@NEEDS_CHROMIUM
def test_models_are_computed_when_they_are_unfolded_and_say_what_torch_says(results, visit):
    visited = visit(render(Page("A report", sections=section(results.pictured, 5_000_000))))
    tab = visited.tab
    tab.wait_for_timeout(100)
    assert tab.locator(".playground.live").count() == 0
    tab.locator("summary", has_text="Play with the models").click()
    tab.locator(".playground.live").nth(2).wait_for()
    vae = results.results[1].run
    own = tab.locator(".playground").nth(1)
    own.locator(".example").nth(3).click()
    tab.wait_for_timeout(100)
    shown = own.locator(".terms tr", has_text="KL").locator("td").inner_text()
    x = torch.from_numpy(_examples(vae))[3:4]
    with torch.no_grad():
        exact = float(vae.model.encode(x).kl(vae.model.prior))
    assert float(shown.replace("−", "-")) == pytest.approx(exact, abs=0.01)  # two decimals, weights of float16
    assert visited.complaints == []


def _examples(run):
    from reparam.exploring.explored import explored

    return explored(run, 10).x


def test_of_many_models_the_first_are_drawn_and_how_to_draw_any_other_is_said(results, tmp_path, monkeypatch):
    monkeypatch.setattr(write, "DRAWN", 1)
    run = quiet_fit(results.finished[2].run.model, results.data, tmp_path / "a", epochs=1)
    one, two = (
        Results(None, results.data, tuple(Result(Trial(f"gan-{i}", run.folder.path, run)) for i in range(n)), None)
        for n in (1, 2)
    )
    for found, words in ((one, ""), (two, "The first 1 of 2 models are drawn")):
        sections = write._looks(found)
        assert {len(section.figures) for section in sections} == {1}
        assert all(words in section.text and bool(section.text) == bool(words) for section in sections)
