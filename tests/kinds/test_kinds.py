"""A kind is one row of one table: its settings' defaults are its constructors', and nothing is asked for in vain."""

import inspect
import re

import pytest

from reparam.adversarial import LOSSES
from reparam.cli.main import main
from reparam.errors import UserError
from reparam.kinds import KINDS, AVBConfig, GANConfig, VAEConfig, WGANConfig, build_model, kind_of
from reparam.models.allowed import CLASSES
from reparam.models.composition import describe
from reparam.models.traits import Traits
from reparam.recording import arguments

IMAGES, POINTS = (1, 8, 8), (2,)
# what depends on the data, or on the parts, and so has no default that could differ
OF_THE_DATA = {"unit", "scale", "shift", "low", "high", "classes", "data_shape"}


def parts(tree):
    """Every node of a tree."""
    if isinstance(tree, dict):
        if "class" in tree:
            yield tree
        for value in tree.values():
            yield from parts(value)
    elif isinstance(tree, list):
        for value in tree:
            yield from parts(value)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_settings_and_constructors_have_the_same_defaults(kind):
    """What ``reparam train KIND`` composes for images differs from what Python composes only where it must."""
    settings = kind.settings(**({"likelihood": "bernoulli"} if "likelihood" in kind.settings.model_fields else {}))
    tree = describe(build_model(settings, IMAGES, Traits(range=(0.0, 1.0))))
    checked = 0
    for node in parts(tree):
        cls = CLASSES.get(node["class"])
        if cls is None:
            continue
        for name, parameter in inspect.signature(cls).parameters.items():
            if parameter.default in (inspect.Parameter.empty, None) or name in OF_THE_DATA:
                continue
            given = node["arguments"][name]
            usual = list(parameter.default) if isinstance(parameter.default, tuple) else parameter.default
            if callable(usual):
                given, usual = given["function"], usual.__name__
            assert given == usual, f"{node['class']}.{name}: {given!r} from settings, {usual!r} from the constructor"
            checked += 1
    assert checked > 1


@pytest.mark.parametrize(
    ("settings", "also"),
    [
        (VAEConfig(posterior="iaf", prior="flow", likelihood="bernoulli"), "FlowPrior"),
        (VAEConfig(posterior="hierarchical", likelihood="bernoulli"), "HierarchicalPosterior"),
        (VAEConfig(prior="hierarchical", likelihood="bernoulli"), "HierarchicalPrior"),
        (VAEConfig(network="conv", likelihood="bernoulli"), "ConvEncoder"),
        (VAEConfig(network="residual", likelihood="bernoulli"), "ResidualEncoder"),
        (VAEConfig(prior="mixture", objective="iwae", likelihood="categorical"), "MixturePrior"),
        (WGANConfig(gradient_penalty=10.0), "GradientPenalty"),
    ],
    ids=str,
)
def test_so_have_the_parts_that_other_settings_choose(settings, also):
    tree = describe(build_model(settings, IMAGES, Traits(range=(0.0, 1.0))))
    node = next(node for node in parts(tree) if node["class"] == also)
    for name, parameter in inspect.signature(CLASSES[also]).parameters.items():
        if parameter.default is not inspect.Parameter.empty:
            usual = list(parameter.default) if isinstance(parameter.default, tuple) else parameter.default
            assert node["arguments"][name] == usual


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_a_resolved_setting_is_never_open(kind):
    """After ``resolve`` only what does not matter is None: an idle setting, and a scale that is learned."""
    for shape in (IMAGES, POINTS):
        resolved = kind.resolve(kind.settings(), Traits(data_shape=shape, grey=shape == IMAGES))
        open_still = {name for name, value in resolved.model_dump().items() if value is None or value == "auto"}
        assert open_still <= {"scale"}
        assert kind.resolve(resolved, Traits(data_shape=shape)) == resolved, "and resolving again changes nothing"


def test_a_composed_model_has_the_kind_of_its_class():
    for name, kind in KINDS.items():
        assert kind_of(build_model(kind.settings(), IMAGES)).name == name
    assert kind_of(type("Own", (KINDS["vae"].model,), {}).__new__(KINDS["vae"].model)) is KINDS["vae"]


IDLE = [
    (VAEConfig(network="conv", hidden=(7,)), "hidden"),
    (VAEConfig(network="mlp", width=7), "width"),
    (VAEConfig(objective="iwae", samples=9), "samples"),
    (VAEConfig(objective="iwae", kl_weight=0.5), "kl_weight"),
    (VAEConfig(importance_samples=7), "importance_samples"),
    (VAEConfig(components=7), "components"),
    (VAEConfig(transforms=7), "transforms"),
    (VAEConfig(layers=3), "layers"),
    (VAEConfig(layer_hidden=(9,)), "layer_hidden"),
    (VAEConfig(levels=7), "levels"),
    (VAEConfig(likelihood="bernoulli", scale=0.1), "scale"),
    (AVBConfig(contrast_samples=7), "contrast_samples"),
    (GANConfig(gradient_penalty=10.0, r1=1.0), "r1"),
    (GANConfig(network="conv", generator_hidden=(7,)), "generator_hidden"),
    (GANConfig(loss="hinge", penalty_decay=0.1), "penalty_decay"),
    (GANConfig(noise_epochs=7.0), "noise_epochs"),
    (WGANConfig(gradient_penalty=10.0, clip=0.5), "clip"),
    (WGANConfig(spectral_norm=True, clip=0.5), "clip"),
]


@pytest.mark.parametrize(("settings", "name"), IDLE, ids=lambda x: x if isinstance(x, str) else "")
def test_a_setting_without_effect_is_refused(settings, name):
    kind = KINDS[settings.kind]
    with pytest.raises(UserError, match=rf"^{name}=.* has no effect with "):
        kind.check(settings)


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_what_is_idle_indeed_changes_nothing_and_the_rest_does(kind):
    """The table of idle settings is right: changing one leaves the model's tree as it is."""
    for idle in kind.idle:
        for settings in (kind.settings(), *kind.variants.values()):
            if not idle.when(settings):
                continue
            for name in idle.names:
                before, changed = (_tree(s) for s in (settings, _changed(settings, name)))
                assert before == changed, f"{name} is called idle with {idle.because}, but changes the model"


def _tree(settings):
    return describe(build_model(settings, IMAGES, Traits(range=(0.0, 1.0), grey=True)))


def _changed(settings, name):
    value = getattr(settings, name)
    other = {int: 9, float: 0.7, tuple: (9,), str: "sampled", type(None): 0.7, bool: True}[type(value)]
    if name in ("generator_hidden", "discriminator_hidden"):
        other = (9,)
    if name == "fourier_features":
        other = 9
    return settings.model_copy(update={name: other})


def test_what_a_part_remembers_is_what_it_was_given():
    model = build_model(VAEConfig(latent_dim=3, likelihood="bernoulli"), IMAGES)
    assert arguments(model.posterior) == {"latent_dim": 3}


def test_help_names_every_game_and_an_error_those_there_are(capsys):
    with pytest.raises(SystemExit):
        main(["train", "gan", "--help"])
    told = capsys.readouterr().out.split("--loss STR")[1].split("--r1")[0]
    games = [name for name in LOSSES if name != "wasserstein"]
    assert set(re.findall(r"[a-z]+-?[a-z]+", told)) >= set(games)
    assert all(GANConfig(loss=name).loss == name for name in games)
    for name in ("wasserstein", "hing"):
        with pytest.raises(UserError, match=rf"^loss='{name}' will not do.*: give one of {', '.join(games)}$"):
            GANConfig(loss=name)
