"""Every public constructor refuses wrong arguments in a sentence that names the argument; right ones work."""

import math
import time
from collections import OrderedDict

import pytest
import torch
from torch import nn

from reparam import bounds, distributions, models, networks
from reparam.distributions import (
    Bernoulli,
    Categorical,
    ContinuousBernoulli,
    Delta,
    DiscretizedLogistic,
    Hierarchy,
    MultivariateNormal,
    Normal,
    NormalMixture,
)
from reparam.distributions.columns import Category, Number
from reparam.distributions.flow import AutoregressiveTransforms
from reparam.errors import UserError
from reparam.models import (
    AVB,
    ELBO,
    GAN,
    IWAE,
    VAE,
    WGAN,
    Autoencoder,
    BernoulliLikelihood,
    CategoricalLikelihood,
    ColumnsLikelihood,
    ContinuousBernoulliLikelihood,
    DiagonalNormal,
    DiscretizedLogisticLikelihood,
    DReG,
    FlowPosterior,
    FlowPrior,
    FullNormal,
    GradientPenalty,
    HierarchicalPosterior,
    HierarchicalPrior,
    ImplicitPosterior,
    InstanceNoise,
    MixturePrior,
    NormalLikelihood,
    PairDiscriminator,
    StandardNormal,
    Turn,
    VampPrior,
    WeightClipping,
    ZeroCentred,
    spectrally_normalized,
)
from reparam.networks import (
    MLP,
    Affine,
    ColumnsHead,
    ConvDecoder,
    ConvEncoder,
    ResidualBlock,
    ResidualDecoder,
    ResidualEncoder,
)
from reparam.networks.players import (
    Conditional,
    FourierFeatures,
    Ranged,
    conv_discriminator,
    conv_generator,
    mlp_discriminator,
    mlp_generator,
)
from reparam.randomness import noise

IMAGE = (1, 8, 8)
NAN = math.nan


class Pair(nn.Linear):
    def forward(self, x):
        return super().forward(x), x


class Nothing(nn.Linear):
    def forward(self, x):
        return None


class Forgets(nn.Linear):
    def forward(self, x):
        return super().forward(x).mean(0)


def constant(value):
    return torch.full((2,), value)


def one_layer(before, after):
    return nn.Linear(before, after)


RIGHT = {
    MLP: {"inputs": 5, "hidden": [4], "outputs": (1, 2), "activation": "tanh"},
    ConvEncoder: {"data_shape": IMAGE, "outputs": 3, "width": 2, "activation": "relu"},
    ConvDecoder: {"latent_dim": 3, "data_shape": IMAGE, "width": 2, "activation": "relu"},
    ResidualEncoder: {"data_shape": IMAGE, "outputs": 3, "width": 2, "activation": "relu"},
    ResidualDecoder: {"latent_dim": 3, "data_shape": IMAGE, "width": 2, "activation": "relu"},
    ResidualBlock: {"channels": 2, "activation": "silu"},
    Affine: {"shift": constant(0.0), "scale": constant(1.0)},
    Ranged: {"low": 0.0, "high": 1.0},
    FourierFeatures: {"inputs": 2, "features": 3, "scale": 1.0},
    Conditional: {"network": one_layer(5, 1), "classes": 3},
    mlp_generator: {"inputs": 3, "hidden": [4], "data_shape": (5,), "low": 0.0, "high": 1.0},
    mlp_discriminator: {"data_shape": (5,), "hidden": [4]},
    conv_generator: {"inputs": 3, "width": 2, "data_shape": IMAGE, "low": 0.0, "high": 1.0},
    conv_discriminator: {"data_shape": IMAGE, "width": 2, "extra_channels": 1},
    Bernoulli: {"logits": torch.zeros(3, 2), "event_dims": 1},
    ContinuousBernoulli: {"logits": torch.zeros(3, 2), "event_dims": 1},
    Delta: {"value": torch.zeros(3, 2), "event_dims": 1},
    Categorical: {"logits": torch.zeros(3, 2, 4), "event_dims": 1},
    DiscretizedLogistic: {"location": torch.zeros(3, 2), "log_scale": torch.zeros(2), "event_dims": 1},
    Normal: {"mean": torch.zeros(3, 2), "scale": torch.ones(2), "event_dims": 1},
    MultivariateNormal: {"mean": torch.zeros(3, 2), "cholesky": torch.eye(2)},
    Hierarchy: {"top": Normal(torch.zeros(3, 2), torch.ones(2)), "below": ()},
    NormalMixture: {"logits": torch.zeros(3), "components": Normal(torch.zeros(3, 2), torch.ones(3, 2))},
    AutoregressiveTransforms: {"dim": 3, "context": 2, "transforms": 1, "hidden": [4], "kind": "spline"},
    bounds.FreeBits: {"least": 0.1},
    DiagonalNormal: {"latent_dim": 3},
    FullNormal: {"latent_dim": 3},
    FlowPosterior: {"latent_dim": 3, "context": 2, "transforms": 1, "hidden": [4], "kind": "affine"},
    HierarchicalPosterior: {"latent_dim": 3, "layers": 2, "context": 2, "hidden": [4]},
    HierarchicalPrior: {"latent_dim": 3, "layers": 2, "hidden": [4]},
    ImplicitPosterior: {"latent_dim": 3, "context": 2, "noise_dim": 2, "hidden": [4], "activation": "relu"},
    StandardNormal: {"latent_dim": 3},
    MixturePrior: {"latent_dim": 3, "components": 2},
    FlowPrior: {"latent_dim": 3, "transforms": 1, "hidden": [4], "kind": "affine"},
    VampPrior: {"latent_dim": 3, "pseudo_inputs": torch.zeros(2, 5), "low": 0.0, "high": 1.0},
    BernoulliLikelihood: {"data_shape": (5,)},
    ContinuousBernoulliLikelihood: {"data_shape": (5,)},
    NormalLikelihood: {"data_shape": (5,), "scale": 0.3, "learned": False},
    DiscretizedLogisticLikelihood: {"data_shape": (5,), "scale": 0.1},
    CategoricalLikelihood: {"data_shape": (5,), "levels": 4},
    ColumnsLikelihood: {"families": [Number(), Category(levels=3)]},
    ColumnsHead: {"families": [Number(), Category(levels=3)], "temperature": 0.5},
    ELBO: {"kl_weight": 1.0, "kl_warmup": 2.0, "samples": 2, "kl": bounds.sampled_kl, "free_bits": 0.1},
    IWAE: {"samples": 3},
    DReG: {"samples": 3},
    VAE: {
        "encoder": one_layer(5, 6),
        "decoder": one_layer(3, 5),
        "prior": StandardNormal(3),
        "posterior": DiagonalNormal(3),
        "likelihood": BernoulliLikelihood((5,)),
        "objective": ELBO(),
    },
    Autoencoder: {
        "encoder": one_layer(5, 3),
        "decoder": one_layer(3, 5),
        "latent_dim": 3,
        "likelihood": BernoulliLikelihood((5,)),
    },
    PairDiscriminator: {"features": one_layer(5, 2), "joint": one_layer(2 + 3, 1)},
    AVB: {
        "encoder": one_layer(5, 2),
        "posterior": ImplicitPosterior(3, 2, 2, [4]),
        "decoder": one_layer(3, 5),
        "discriminator": PairDiscriminator(one_layer(5, 2), one_layer(2 + 3, 1)),
        "prior": StandardNormal(3),
        "likelihood": BernoulliLikelihood((5,)),
        "contrast_samples": 4,
        "discriminator_turns": 2,
    },
    InstanceNoise: {"scale": 0.1, "epochs": 2.0},
    WeightClipping: {"c": 0.1},
    GradientPenalty: {"weight": 10.0},
    ZeroCentred: {"r1": 1.0, "r2": 0.0, "decay": 0.1, "hold": 0.5, "unit": 1.0},
    GAN: {
        "generator": one_layer(3, 5),
        "discriminator": one_layer(5, 1),
        "latent_dim": 3,
        "data_shape": (5,),
        "loss": "minimax",
        "constraint": ZeroCentred(),
        "discriminator_turns": 2,
        "noise": InstanceNoise(0.1),
        "smoothing": 0.1,
        "unroll": 1,
        "unroll_rate": 0.1,
        "average": 0.9,
        "classes": 0,
        "candidates": 1,
    },
    WGAN: {
        "generator": one_layer(3, 5),
        "critic": one_layer(5, 1),
        "latent_dim": 3,
        "data_shape": (5,),
        "constraint": WeightClipping(),
        "discriminator_turns": 2,
    },
    Turn: {"name": "one", "moves": one_layer(2, 2), "loss": lambda batch: {}, "repeats": 2},
    spectrally_normalized: {"network": nn.Sequential(nn.Linear(2, 2))},
}
"""Every public constructor with arguments that work, all of them given."""

NO_WHOLE = (0, -3, 2.5, "two", None, True, NAN)
NO_WIDTHS = ([0], [4, -1], [2.5], "45", 4)
NO_SHAPE = ((), (0,), (-1, 8, 8), "5")
NOT_POSITIVE = (0.0, -1.0, NAN, math.inf, "big", None)
NEGATIVE = (-1.0, NAN, math.inf, "big", None)
NO_LAYER = (None, 3, "linear")


def wrong(constructor, argument, values, **others):
    return [(constructor, {argument: value, **others}, argument) for value in values]


TABLE = [
    # networks
    *wrong(MLP, "inputs", (*NO_SHAPE, 0, -5, 2.5)),
    *wrong(MLP, "outputs", (*NO_SHAPE, 0, -5, 2.5)),
    *wrong(MLP, "hidden", NO_WIDTHS),
    *(
        entry
        for network in (MLP, ConvEncoder, ConvDecoder, ResidualEncoder, ResidualDecoder, ResidualBlock)
        for entry in wrong(network, "activation", ("relo", "", None, nn.ReLU))
    ),
    *(
        entry
        for network in (ConvEncoder, ConvDecoder, ResidualEncoder, ResidualDecoder)
        for entry in (*wrong(network, "width", NO_WHOLE), *wrong(network, "data_shape", NO_SHAPE))
    ),
    *(
        (network, {"data_shape": shape}, "the data have shape")
        for network in (ConvEncoder, ConvDecoder, ResidualEncoder, ResidualDecoder)
        for shape in ((1, 7, 8), (5,))
    ),
    *(entry for network in (ConvEncoder, ResidualEncoder) for entry in wrong(network, "outputs", NO_WHOLE)),
    *(entry for network in (ConvDecoder, ResidualDecoder) for entry in wrong(network, "latent_dim", NO_WHOLE)),
    *wrong(ResidualBlock, "channels", NO_WHOLE),
    *(
        entry
        for of_tables in (ColumnsLikelihood, ColumnsHead)
        for entry in wrong(of_tables, "families", ([], [3], ["n"]))
    ),
    *wrong(ColumnsHead, "temperature", NOT_POSITIVE),
    *wrong(Affine, "shift", (constant(NAN), constant(math.inf))),
    *wrong(Affine, "scale", (constant(NAN), constant(0.0))),
    *wrong(Ranged, "low", (1.0, 2.0, NAN)),
    *wrong(FourierFeatures, "inputs", NO_WHOLE),
    *wrong(FourierFeatures, "features", NO_WHOLE),
    *wrong(FourierFeatures, "scale", NOT_POSITIVE),
    *wrong(Conditional, "classes", NO_WHOLE),
    *wrong(mlp_generator, "inputs", NO_WHOLE),
    *wrong(mlp_generator, "hidden", NO_WIDTHS),
    *wrong(mlp_generator, "data_shape", NO_SHAPE),
    *wrong(mlp_generator, "low", (1.0, NAN)),
    *wrong(mlp_discriminator, "hidden", NO_WIDTHS),
    *wrong(mlp_discriminator, "data_shape", NO_SHAPE),
    *wrong(conv_generator, "inputs", NO_WHOLE),
    *wrong(conv_generator, "width", NO_WHOLE),
    *wrong(conv_generator, "low", (1.0, NAN)),
    *wrong(conv_discriminator, "width", NO_WHOLE),
    *wrong(conv_discriminator, "extra_channels", (-1, 0.5)),
    # distributions
    *(
        entry
        for family in (Bernoulli, ContinuousBernoulli, Delta, Categorical, DiscretizedLogistic, Normal)
        for entry in wrong(family, "event_dims", (-1, 3, 0.5, "one"))
    ),
    *(
        entry
        for family in (Bernoulli, ContinuousBernoulli, Categorical)
        for entry in wrong(family, "logits", (0.5, None))
    ),
    *((family, {"logits": torch.zeros(())}, "event_dims") for family in (Bernoulli, ContinuousBernoulli, Categorical)),
    (Categorical, {"logits": torch.zeros(3, 2, 1)}, "logits"),
    *wrong(Delta, "value", (0.5, None)),
    (DiscretizedLogistic, {"log_scale": torch.zeros(3)}, "log_scale"),
    (Normal, {"scale": torch.ones(3)}, "scale"),
    *wrong(Normal, "scale", (constant(0.0), constant(-1.0), constant(NAN))),
    (MultivariateNormal, {"cholesky": torch.eye(3)}, "cholesky"),
    (MultivariateNormal, {"cholesky": torch.ones(2)}, "cholesky"),
    (MultivariateNormal, {"cholesky": -torch.eye(2)}, "Cholesky"),
    *wrong(NormalMixture, "logits", (torch.zeros(0), torch.zeros(2), torch.zeros(3, 1))),
    *(
        entry
        for flow in (AutoregressiveTransforms, FlowPosterior, FlowPrior)
        for entry in (
            *wrong(flow, "transforms", NO_WHOLE),
            *wrong(flow, "hidden", NO_WIDTHS),
            *wrong(flow, "kind", ("affin", None)),
        )
    ),
    *(
        entry
        for part in (HierarchicalPosterior, HierarchicalPrior)
        for entry in (*wrong(part, "layers", (*NO_WHOLE, 4)), *wrong(part, "hidden", NO_WIDTHS))
    ),
    *wrong(Hierarchy, "top", (None, Normal(torch.zeros(2), torch.ones(2), 0), Bernoulli(torch.zeros(2), 1))),
    *wrong(AutoregressiveTransforms, "dim", NO_WHOLE),
    *wrong(AutoregressiveTransforms, "context", (-1, 0.5)),
    *wrong(FlowPosterior, "context", (-1, 0.5)),
    *wrong(HierarchicalPosterior, "context", (-1, 0.5)),
    *wrong(bounds.FreeBits, "least", NEGATIVE),
    # parts of VAEs
    *(
        entry
        for part in (
            DiagonalNormal,
            FullNormal,
            FlowPosterior,
            HierarchicalPosterior,
            HierarchicalPrior,
            ImplicitPosterior,
            StandardNormal,
            MixturePrior,
            FlowPrior,
            VampPrior,
            Autoencoder,
            GAN,
            WGAN,
        )
        for entry in wrong(part, "latent_dim", NO_WHOLE)
    ),
    *wrong(ImplicitPosterior, "context", NO_WHOLE),
    *wrong(ImplicitPosterior, "noise_dim", NO_WHOLE),
    *wrong(ImplicitPosterior, "hidden", NO_WIDTHS),
    *wrong(ImplicitPosterior, "activation", ("relo",)),
    *wrong(MixturePrior, "components", NO_WHOLE),
    *wrong(VampPrior, "pseudo_inputs", (torch.zeros(0, 5), torch.zeros(5), None, torch.full((2, 5), NAN))),
    *wrong(VampPrior, "low", (1.0, 2.0, NAN)),
    *(
        entry
        for likelihood in (
            BernoulliLikelihood,
            ContinuousBernoulliLikelihood,
            NormalLikelihood,
            DiscretizedLogisticLikelihood,
            CategoricalLikelihood,
        )
        for entry in wrong(likelihood, "data_shape", (*NO_SHAPE, 5))
    ),
    *wrong(NormalLikelihood, "scale", (*NOT_POSITIVE, torch.zeros(5), -torch.ones(()), torch.ones(4))),
    *wrong(DiscretizedLogisticLikelihood, "scale", NOT_POSITIVE),
    *wrong(CategoricalLikelihood, "levels", (1, *NO_WHOLE)),
    *(entry for objective in (ELBO, IWAE, DReG) for entry in wrong(objective, "samples", NO_WHOLE)),
    *(entry for name in ("kl_weight", "kl_warmup", "free_bits") for entry in wrong(ELBO, name, NEGATIVE)),
    *wrong(ELBO, "kl", ("analytic", None)),
    (ELBO, {"kl_weight": 0.0, "free_bits": 0.0}, "kl_warmup"),
    (ELBO, {"kl_weight": 0.0, "kl_warmup": 0.0}, "free_bits"),
    # models: networks of the wrong width, that return a pair, nothing, or forget the batch
    *(
        entry
        for model, inside, outside in ((VAE, 5, 6), (Autoencoder, 5, 3), (AVB, 5, 2))
        for entry in wrong(
            model,
            "encoder",
            (
                one_layer(4, outside),
                one_layer(inside, outside + 1),
                Pair(inside, outside),
                Nothing(1, 1),
                Forgets(inside, outside),
                *NO_LAYER,
            ),
        )
    ),
    *(
        entry
        for model in (VAE, Autoencoder, AVB)
        for entry in (
            *wrong(model, "decoder", (one_layer(4, 5), one_layer(3, 4), Pair(3, 5), Nothing(1, 1), *NO_LAYER)),
            *wrong(model, "likelihood", (BernoulliLikelihood((4,)), CategoricalLikelihood((5,)), "bernoulli")),
        )
    ),
    *(entry for model in (VAE, AVB) for entry in wrong(model, "prior", (StandardNormal(2), *NO_LAYER))),
    *((model, {"prior": VampPrior(3, torch.zeros(2, 4))}, "pseudo_inputs") for model in (VAE, AVB)),
    *wrong(VAE, "posterior", (DiagonalNormal(2), "diagonal")),
    (VAE, {"posterior": FullNormal(3)}, "a FullNormal takes (9,)"),
    *wrong(VAE, "objective", ("elbo", bounds.elbo, ELBO)),
    *wrong(AVB, "posterior", (ImplicitPosterior(2, 2, 2, [4]), ImplicitPosterior(3, 3, 2, [4]), None)),
    *wrong(AVB, "discriminator", (one_layer(5, 1), PairDiscriminator(one_layer(5, 2), one_layer(5, 2)), None)),
    *wrong(AVB, "contrast_samples", (1, -2, 0.5)),
    *wrong(AVB, "discriminator_turns", NO_WHOLE),
    *wrong(PairDiscriminator, "features", NO_LAYER),
    *wrong(PairDiscriminator, "joint", NO_LAYER),
    # games
    *wrong(InstanceNoise, "scale", NEGATIVE),
    *wrong(InstanceNoise, "epochs", NOT_POSITIVE),
    *wrong(WeightClipping, "c", NOT_POSITIVE),
    *wrong(GradientPenalty, "weight", NEGATIVE),
    *wrong(ZeroCentred, "r1", (*NEGATIVE, 0.0)),
    *wrong(ZeroCentred, "r2", NEGATIVE),
    *wrong(ZeroCentred, "decay", (*NOT_POSITIVE, 1.5)),
    *wrong(ZeroCentred, "hold", (*NEGATIVE, 1.0)),
    (ZeroCentred, {"decay": 1.0}, "hold"),
    *wrong(ZeroCentred, "unit", (*NOT_POSITIVE, constant(0.0), constant(NAN))),
    *(
        entry
        for game, judge in ((GAN, "discriminator"), (WGAN, "critic"))
        for entry in (
            *wrong(game, "generator", (one_layer(2, 5), one_layer(3, 4), Pair(3, 5), Nothing(1, 1), *NO_LAYER)),
            *[
                (game, {judge: network}, "discriminator")
                for network in (one_layer(4, 1), one_layer(5, 2), Pair(5, 1), Nothing(1, 1), *NO_LAYER)
            ],
            *wrong(game, "data_shape", NO_SHAPE),
            *wrong(game, "discriminator_turns", NO_WHOLE),
        )
    ),
    (GAN, {"data_shape": (4,)}, "data_shape"),
    *wrong(GAN, "loss", ("minmax", None, "")),
    *wrong(GAN, "constraint", ("r1", 10.0)),
    *wrong(GAN, "noise", (0.1, "some")),
    *wrong(GAN, "smoothing", (-0.1, 1.0, NAN)),
    (GAN, {"loss": "hinge"}, "smoothing"),
    *wrong(GAN, "unroll", (-1, 0.5)),
    *wrong(GAN, "unroll_rate", NOT_POSITIVE),
    *wrong(GAN, "average", (-0.1, 1.0, 2.0, NAN)),
    *wrong(GAN, "classes", (-1, 0.5)),
    *wrong(GAN, "candidates", NO_WHOLE),
    *wrong(Turn, "name", ("", None)),
    *wrong(Turn, "moves", (nn.Identity(), None)),
    *wrong(Turn, "loss", (None, "elbo")),
    *wrong(Turn, "repeats", NO_WHOLE),
    (spectrally_normalized, {"network": nn.Sequential(nn.ReLU())}, "no linear"),
]


def told(entry):
    constructor, arguments, _ = entry
    words = "-".join(f"{name}={str(value)[:12]}" for name, value in arguments.items())
    return f"{constructor.__name__}-{words}".replace("\n", "")


@pytest.mark.parametrize("entry", TABLE, ids=told)
def test_a_wrong_argument_is_refused_in_a_sentence_that_names_it(entry):
    constructor, arguments, name = entry
    with pytest.raises(UserError) as error:
        constructor(**{**RIGHT[constructor], **arguments})
    sentence = str(error.value)
    assert name.lower() in sentence.lower()
    assert "\n" not in sentence
    assert len(sentence) < 300


@pytest.mark.parametrize("constructor", RIGHT, ids=lambda constructor: constructor.__name__)
def test_right_arguments_work(constructor):
    assert constructor(**RIGHT[constructor]) is not None


@pytest.mark.parametrize("module", [models, networks, distributions])
def test_every_public_constructor_is_in_the_table(module):
    names = set(module.__all__) - {"ACTIVATIONS", "Batch", "Distribution", "Model", "count_parameters"}
    assert names <= {constructor.__name__ for constructor in RIGHT}
    assert names <= {constructor.__name__ for constructor, *_ in TABLE}


def test_composing_changes_nothing_of_the_networks_and_draws_no_noise():
    class Noisy(nn.Module):
        def __init__(self):
            super().__init__()
            self.layers = nn.Sequential(nn.Linear(5, 6), nn.BatchNorm1d(6), nn.Dropout())
            self.layers[1].eval()  # frozen by its owner
            self.calls = 0

        def forward(self, x):
            return self.layers(x) + 0 * torch.randn(len(x), 6)

    encoder = Noisy()
    before = {name: tensor.clone() for name, tensor in encoder.state_dict().items()}
    with noise(3):
        VAE(encoder, one_layer(3, 5), StandardNormal(3))
        VAE(encoder, one_layer(3, 5), StandardNormal(3), likelihood=BernoulliLikelihood((5,)))
        after = torch.randn(2)
    with noise(3):
        one_layer(3, 5), one_layer(3, 5)
        assert torch.equal(torch.randn(2), after)
    assert all(torch.equal(before[name], tensor) for name, tensor in encoder.state_dict().items())
    assert encoder.training
    assert encoder.layers[2].training
    assert not encoder.layers[1].training


def test_an_autoencoder_takes_a_likelihood_whose_decoder_gives_several_numbers_a_value():
    model = Autoencoder(one_layer(5, 3), one_layer(3, 20), 3, likelihood=CategoricalLikelihood((5,), 4))
    assert model.data_shape == (5,)
    assert model.sample(2).shape == (2, 5)


FLOW = {"encoder": one_layer(5, 8), "posterior": FlowPosterior(3, 2, 1, [4])}
FULL = {"encoder": one_layer(5, 9), "posterior": FullNormal(3)}
VAMP = VampPrior(3, torch.zeros(2, 5))


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({**FLOW}, "no closed form"),
        ({"prior": MixturePrior(3, 2)}, "no closed form"),
        ({**FLOW, "objective": DReG(3)}, "cannot be detached"),
        ({**FULL, "objective": ELBO(free_bits=0.1)}, "not independent"),
        ({**FULL, "prior": VAMP, "objective": IWAE(3)}, "mixture of diagonal normals"),
    ],
)
def test_parts_that_contradict_each_other_are_refused_when_composed(parts, words):
    """Their shapes fit: it was the first step of training that failed."""
    with pytest.raises(UserError, match=words):
        VAE(**{**RIGHT[VAE], **parts})


@pytest.mark.parametrize("objective", [ELBO(kl=bounds.sampled_kl), IWAE(3)])
@pytest.mark.parametrize("parts", [FLOW, FULL, {"prior": MixturePrior(3, 2)}, {"prior": VAMP}])
def test_parts_that_do_not_are_not(parts, objective):
    assert VAE(**{**RIGHT[VAE], **parts, "objective": objective}).sample(2).shape == (2, 5)


def test_an_implicit_posterior_makes_no_vamp_prior():
    with pytest.raises(UserError, match="mixture of diagonal normals"):
        AVB(**{**RIGHT[AVB], "prior": VAMP, "contrast_samples": 0})


def test_parts_of_the_users_own_may_know_data_that_noise_is_not():
    class Strict(nn.Linear):
        def forward(self, x):
            return super().forward(x.log())

    class Counts(BernoulliLikelihood):
        def forward(self, output):
            raise ValueError("no counts")

    assert VAE(**{**RIGHT[VAE], "encoder": Strict(5, 6), "likelihood": Counts((5,))}).latent_dim == 3


def test_parts_in_other_number_formats_go_together():
    encoder = nn.Sequential(OrderedDict(only=nn.Linear(5, 6, dtype=torch.float64)))
    assert VAE(encoder, one_layer(3, 5), StandardNormal(3)).data_shape == (5,)


def test_checks_of_a_distribution_cost_next_to_nothing():
    """They are made anew in every step: far less than the 20 µs or so of a single operation beside them."""
    logits = torch.zeros(3, 2)

    def seconds(make):
        started = time.perf_counter()
        for _ in range(2000):
            make()
        return (time.perf_counter() - started) / 2000

    assert min(seconds(lambda: Bernoulli(logits)) for _ in range(5)) < 1e-5
