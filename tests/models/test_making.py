"""What takes long to make says so while it is made, whatever there is many of; what is made at once says nothing."""

import re

import pytest

import reparam
from helpers import small_data
from reparam import pace
from reparam.errors import UserError
from reparam.kinds import KINDS
from reparam.models import composition
from reparam.models.making import made
from reparam.settings import TrainingConfig
from reparam.training import Silent
from reparam.training.fits import bounded_weights
from reparam.training.resolve import traits_of

SAID = re.compile(r"^making the model, weights so far: ([\d,]+)$", re.MULTILINE)
MANY = {
    "layers of latents": {"posterior": "hierarchical", "prior": "hierarchical", "layers": 40, "latent_dim": 40},
    "transforms": {"posterior": "spline", "prior": "flow", "transforms": 20},
    "hidden layers": {"hidden": (8,) * 200},
    "hidden layers of a flow": {"prior": "flow", "flow_hidden": (8,) * 100},
    "hidden layers before each layer": {"prior": "hierarchical", "layer_hidden": (8,) * 200},
    "pseudo-inputs": {"prior": "vamp", "components": 1000},
}


def resolved(kind, data, **settings):
    traits = traits_of(data)
    return KINDS[kind].resolve(KINDS[kind].settings(**settings), traits), traits


def weights_said(text):
    return [int(number.replace(",", "")) for number in SAID.findall(text)]


@pytest.fixture
def at_once(monkeypatch):
    """Whoever says something does so without waiting for two seconds, and again and again."""
    monkeypatch.setattr(pace, "PATIENCE", 0.0)
    monkeypatch.setattr(pace, "EVERY_LINE", 0.0)


@pytest.mark.parametrize("memory", [None, 0])
@pytest.mark.parametrize("many", MANY)
def test_whatever_there_is_many_of_it_is_said_how_much_is_made(many, memory, at_once, capsys):
    settings, traits = resolved("vae", small_data(), **MANY[many])
    with bounded_weights(settings, traits, TrainingConfig(memory=memory)):
        model = KINDS["vae"].build(settings, traits)
    said = weights_said(capsys.readouterr().err)
    assert len(said) > 3
    assert said == sorted(said)
    weights = sum(parameter.numel() for parameter in model.parameters())
    assert weights / 2 < said[-1] <= weights + traits.mean.numel() * settings.components + settings.latent_dim


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_says_so_when_it_is_trained_written_down_and_loaded(kind, at_once, capsys, tmp_path):
    run = reparam.fit(kind, small_data(), tmp_path / "run", steps=1, progress=Silent())
    assert weights_said(capsys.readouterr().err)
    composition.describe(run.model)
    assert weights_said(capsys.readouterr().err)
    reparam.load(tmp_path / "run")
    assert weights_said(capsys.readouterr().err)


def test_what_is_made_at_once_says_nothing(capsys):
    settings, traits = resolved("vae", small_data())
    with made():
        KINDS["vae"].build(settings, traits)
    assert capsys.readouterr().err == ""


LISTS = [
    pytest.param(kind, name, id=f"{name} of {kind}")
    for kind in KINDS
    for name, about in KINDS[kind].settings.model_fields.items()
    if "tuple" in str(about.annotation) and "int" in str(about.annotation)
]


@pytest.mark.parametrize(("kind", "name"), LISTS)
def test_no_list_of_layers_is_longer_than_anybody_waits_for(kind, name):
    KINDS[kind].settings(**{name: (1,) * 1000})
    with pytest.raises(UserError, match=rf"^{name}: .*at most 1000 items") as caught:
        KINDS[kind].settings(**{name: (1,) * 100_000})
    assert len(str(caught.value)) < 400


def test_every_setting_of_widths_is_tried():
    named = {name for kind in KINDS for name in KINDS[kind].settings.model_fields if name.endswith("hidden")}
    assert named == {case.values[1] for case in LISTS}
