"""The variational autoencoder of parts: posterior, prior, likelihood, objective."""

from collections.abc import Callable
from typing import Literal

import torch

from reparam import bounds
from reparam.errors import UserError
from reparam.kinds import networks
from reparam.kinds.kind import Idle, Kind
from reparam.kinds.networks import NetworkConfig, build_decoder, build_encoder, build_likelihood
from reparam.models.traits import Traits
from reparam.models.vae.hierarchical import HierarchicalPosterior, HierarchicalPrior
from reparam.models.vae.objectives import ELBO, IWAE, DReG, Objective
from reparam.models.vae.posteriors import DiagonalNormal, FlowPosterior, FullNormal
from reparam.models.vae.priors import FlowPrior, MixturePrior, Prior, StandardNormal, VampPrior
from reparam.models.vae.vae import VAE
from reparam.settings import NotNegative, Positive, Repeats, Widths

FLOWS = ("iaf", "spline")
"""The posteriors that are flows."""
KLS = {"analytic": bounds.analytic_kl, "layerwise": bounds.layerwise_kl, "sampled": bounds.sampled_kl}
"""How a KL term is computed, once that is decided."""


class VAEConfig(NetworkConfig):
    """A variational autoencoder."""

    kind: Literal["vae"] = "vae"
    latent_dim: Positive = 20
    """Width of z."""
    posterior: Literal["diagonal", "full", "iaf", "spline", "hierarchical"] = "diagonal"
    """q(z|x): a normal, diagonal or full; a flow on top of a diagonal one; or layers, each given those above."""
    prior: Literal["standard", "mixture", "vamp", "flow", "spline", "hierarchical"] = "standard"
    """p(z): N(0, I); learned: a mixture of normals or of posteriors of pseudo-inputs, a flow, or layers."""
    objective: Literal["elbo", "iwae", "dreg"] = "elbo"
    """The bound that is raised; dreg: the importance-weighted one by its doubly reparameterized gradient."""
    importance_samples: Positive = 50
    """K, draws of z per example in the importance-weighted bound."""
    kl: Literal["auto", "analytic", "layerwise", "sampled"] = "auto"
    """How the ELBO's KL term is computed; auto: in closed form where there is one, or for each layer, else sampled."""
    samples: Positive = 1
    """L, draws of z per example in the ELBO."""
    kl_weight: NotNegative = 1.0
    """Final weight of the KL term (beta)."""
    kl_warmup: NotNegative = 0.0
    """Epochs over which that weight rises from 0."""
    free_bits: NotNegative = 0.0
    """Nats per latent dimension that cost nothing (diagonal posterior, standard prior)."""
    components: Positive = 100
    """Normals of a mixture prior, pseudo-inputs of a VampPrior."""
    transforms: Repeats = 2
    """Transforms of a flow, posterior's and prior's each."""
    flow_hidden: Widths = (128, 128)
    """Widths of the hidden layers of each transform."""
    layers: Repeats = 2
    """Layers of a hierarchical posterior and prior, which share the latents evenly."""
    layer_hidden: Widths = (128,)
    """Widths of the hidden layers of the network before each of them but the top one."""


def build_vae(config: VAEConfig, traits: Traits) -> VAE:
    """A variational autoencoder from its settings.

    Raises:
        UserError: if parts do not go together.
    """
    posterior = build_posterior(config)
    likelihood = build_likelihood(config, traits)
    return VAE(
        build_encoder(config, posterior.outputs, traits),
        build_decoder(config, config.latent_dim, likelihood, traits),
        build_prior(config, traits),
        posterior=posterior,
        likelihood=likelihood,
        objective=build_objective(config),
    )


def check_parts(config: VAEConfig) -> None:
    """Refuse parts that do not go together, before anything is built or written.

    Raises:
        UserError: naming what would go.
    """
    if config.prior == "vamp" and config.posterior != "diagonal":
        raise UserError('a VampPrior is a mixture of diagonal normals: use it with posterior="diagonal"')
    if config.objective == "dreg" and config.posterior in FLOWS:
        raise UserError('dreg needs a normal posterior: use posterior="diagonal" or "full", or objective="iwae"')
    if config.free_bits and (config.posterior != "diagonal" or config.prior != "standard"):
        raise UserError("free bits count the KL of each dimension: use a diagonal normal posterior, a standard prior")
    if has_layers(config) and config.layers > config.latent_dim:
        raise UserError(f"layers={config.layers} cannot share latent_dim={config.latent_dim}: give each at least one")
    if config.objective == "elbo" and config.kl == "layerwise" and not has_layerwise_kl(config):
        raise UserError(
            f"KL({config.posterior} posterior ‖ {config.prior} prior) is no sum over layers: "
            f'use kl="{usual_kl(config)}" (or "auto")'
        )
    if config.objective == "elbo" and config.kl == "analytic" and not has_closed_kl(config):
        raise UserError(
            f"KL({config.posterior} posterior ‖ {config.prior} prior) has no closed form: "
            f'use kl="{usual_kl(config)}" (or "auto")'
        )


def has_closed_kl(config: VAEConfig) -> bool:
    """Whether posterior and prior are normals, whose KL has a closed form."""
    return config.posterior in ("diagonal", "full") and config.prior == "standard"


def has_layers(config: VAEConfig) -> bool:
    """Whether posterior or prior is hierarchical."""
    return "hierarchical" in (config.posterior, config.prior)


def has_layerwise_kl(config: VAEConfig) -> bool:
    """Whether posterior and prior are both normal layer by layer, and one of them has layers."""
    normal = config.posterior in ("diagonal", "hierarchical") and config.prior in ("standard", "hierarchical")
    return normal and has_layers(config)


def usual_kl(config: VAEConfig) -> str:
    """How the KL of posterior and prior is computed with the least noise."""
    if has_closed_kl(config):
        return "analytic"
    return "layerwise" if has_layerwise_kl(config) else "sampled"


def build_posterior(config: VAEConfig) -> DiagonalNormal | FullNormal | FlowPosterior | HierarchicalPosterior:
    """The posterior that the settings ask for."""
    if config.posterior == "diagonal":
        return DiagonalNormal(config.latent_dim)
    if config.posterior == "full":
        return FullNormal(config.latent_dim)
    if config.posterior == "hierarchical":
        return HierarchicalPosterior(config.latent_dim, config.layers, hidden=config.layer_hidden)
    kind = "affine" if config.posterior == "iaf" else "spline"
    return FlowPosterior(config.latent_dim, transforms=config.transforms, hidden=config.flow_hidden, kind=kind)


def build_prior(config: VAEConfig, traits: Traits) -> Prior:
    """The prior that the settings ask for."""
    kinds: dict[str, Callable[[], Prior]] = {
        "standard": lambda: StandardNormal(config.latent_dim),
        "mixture": lambda: MixturePrior(config.latent_dim, config.components),
        "vamp": lambda: _vamp_prior(config, traits),
        "flow": lambda: FlowPrior(config.latent_dim, config.transforms, config.flow_hidden),
        "spline": lambda: FlowPrior(config.latent_dim, config.transforms, config.flow_hidden, "spline"),
        "hierarchical": lambda: HierarchicalPrior(config.latent_dim, config.layers, config.layer_hidden),
    }
    return kinds[config.prior]()


def _vamp_prior(config: VAEConfig, traits: Traits) -> VampPrior:
    noise = torch.randn(config.components, *traits.data_shape)
    return VampPrior(config.latent_dim, traits.mean + traits.deviation * noise, *traits.range)


def build_objective(config: VAEConfig) -> Objective:
    """The objective that the settings ask for."""
    if config.objective != "elbo":
        return {"iwae": IWAE, "dreg": DReG}[config.objective](config.importance_samples)
    return ELBO(config.kl_weight, config.kl_warmup, config.samples, KLS[config.kl], config.free_bits)


def _has_flow(config: VAEConfig) -> bool:
    return config.posterior in FLOWS or config.prior in ("flow", "spline")


def _resolve(settings: VAEConfig, traits: Traits) -> VAEConfig:
    check_parts(settings)
    kl = usual_kl(settings) if settings.kl == "auto" else settings.kl
    return networks.decided(settings, traits).model_copy(update={"kl": kl})


KIND = Kind(
    name="vae",
    settings=VAEConfig,
    model=VAE,
    what="a variational autoencoder",
    examples=(
        "reparam train vae --latent-dim 2 --epochs 20 --out runs/plane",
        "reparam train vae --data fashion-mnist --network conv --kl-warmup 2",
        "reparam train vae --data table.csv",
        "reparam train vae --posterior iaf --prior flow",
        "reparam train vae --posterior hierarchical --prior hierarchical --layers 2 --latent-dim 24",
        "reparam train vae --objective iwae --importance-samples 50",
    ),
    resolve=_resolve,
    build=build_vae,
    suits=networks.training,
    idle=(
        *networks.IDLE,
        Idle(("importance_samples",), lambda s: s.objective == "elbo", 'objective="elbo"'),
        Idle(
            ("samples", "kl", "kl_weight", "kl_warmup", "free_bits"),
            lambda s: s.objective != "elbo",
            'an objective other than "elbo"',
        ),
        Idle(("components",), lambda s: s.prior not in ("mixture", "vamp"), 'a prior other than "mixture" or "vamp"'),
        Idle(("transforms", "flow_hidden"), lambda s: not _has_flow(s), "neither a posterior nor a prior of flows"),
        Idle(("layers", "layer_hidden"), lambda s: not has_layers(s), "neither a posterior nor a prior of layers"),
    ),
    variants={
        "iwae": VAEConfig(objective="iwae"),
        "vae-flow": VAEConfig(posterior="iaf"),
        "vae-hierarchical": VAEConfig(posterior="hierarchical", prior="hierarchical"),
        "vae-vamp": VAEConfig(prior="vamp"),
    },
)
