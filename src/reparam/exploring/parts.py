"""What the page knows of a model besides its networks: likelihood, posterior and prior, each in the engine's words."""

from itertools import accumulate
from typing import Any

import torch
from torch import Tensor, nn

from reparam.distributions import Normal, NormalMixture
from reparam.errors import UserError
from reparam.exploring.layers import Exporter, Operation
from reparam.exploring.weights import Weights
from reparam.models import vae
from reparam.models.model import Model
from reparam.models.networks_of import Networks
from reparam.models.protocols import prior_of

Told = dict[str, Any]


def likelihood_of(to: Exporter, networks: Networks, data_shape: tuple[int, ...]) -> Told:
    """The likelihood, its scale spread over an example.

    Raises:
        UserError: if the page does not know it.
    """
    module = networks.likelihood
    if networks.head is not None:
        raise _unknown(networks.head, "whose draws are rows of a table")
    if module is None:
        return {"kind": "point"}
    kind = type(module)
    if kind is vae.BernoulliLikelihood:
        return {"kind": "bernoulli"}
    if kind is vae.ContinuousBernoulliLikelihood:
        return {"kind": "continuous"}
    if isinstance(module, vae.NormalLikelihood) and kind is vae.NormalLikelihood:
        return {"kind": "normal", "log_scale": _spread(to, module.log_scale, data_shape)}
    if isinstance(module, vae.DiscretizedLogisticLikelihood) and kind is vae.DiscretizedLogisticLikelihood:
        return {"kind": "logistic", "log_scale": _spread(to, module.log_scale, data_shape), "levels": module.levels}
    if isinstance(module, vae.CategoricalLikelihood) and kind is vae.CategoricalLikelihood:
        plane = torch.empty(data_shape[1:]).numel()
        return {"kind": "categorical", "levels": module.levels, "plane": plane}
    raise _unknown(module, "whose likelihood the page does not know")


def _spread(to: Exporter, log_scale: Tensor, shape: tuple[int, ...]) -> list[Any]:
    return to.weights.put(log_scale.detach().float().expand(shape).cpu().numpy())


def _unknown(module: nn.Module, what: str) -> UserError:
    return UserError(f"the page computes no {type(module).__name__}, {what}: explore a run with the likelihood "
                     "bernoulli, normal, continuous-bernoulli, discretized-logistic or categorical")  # fmt: skip


def encoder_of(to: Exporter, networks: Networks, x: Tensor) -> tuple[list[Operation], str]:
    """The operations from x to what q(z|x) is made of, and the name of what makes it.

    Raises:
        UserError: naming the layer, or the posterior, that the page does not compute.
    """
    assert networks.encoder is not None
    operations, h = to.operations(networks.encoder, x)
    posterior = networks.posterior
    if posterior is None:
        return operations, "point"
    if isinstance(
        posterior, vae.ImplicitPosterior
    ):  # z = f(context, noise): no density, its centre is that of no noise
        joined = torch.cat([h, h.new_zeros(len(h), posterior.noise_dim)], dim=1)
        more, _ = to.operations(posterior.network, joined)
        return [*operations, {"op": "joined", "width": posterior.noise_dim}, *more], "point"
    names = {vae.DiagonalNormal: "diagonal", vae.FullNormal: "full", vae.HierarchicalPosterior: "hierarchical"}
    if type(posterior) not in names:
        raise UserError(f"the page computes no {type(posterior).__name__}, which makes the posterior: it knows the "
                        'normal ones, posterior="diagonal", "full" and "hierarchical"')  # fmt: skip
    return operations, names[type(posterior)]


def layers_of(weights: Weights, module: nn.Module) -> Told:
    """The networks between the layers of a hierarchical posterior or prior, always in float32, and the layers' widths.

    Raises:
        UserError: naming a layer of theirs that the page does not compute.
    """
    assert isinstance(module, vae.HierarchicalPosterior | vae.HierarchicalPrior)
    to, context = Exporter(weights, part="hierarchy"), getattr(module, "context", 0)
    above = accumulate(module.widths)
    like = next(module.parameters(), torch.zeros(0))
    written = [
        to.operations(network, like.new_zeros(1, context + width))[0]
        for network, width in zip(module.networks, above, strict=False)
    ]
    return {"widths": list(module.widths), "networks": written}


@torch.no_grad()
def prior_told(to: Exporter, model: Model, networks: Networks) -> Told:
    """P(z): N(0, I), a mixture of normals, layers, or ``unknown`` where the page cannot compute its density."""
    if not networks.prior:
        return {"kind": "none"}
    prior = prior_of(model)
    if isinstance(prior, Normal) and not prior.mean.any() and not prior.log_scale.any():
        return {"kind": "normal"}
    if isinstance(prior, NormalMixture):
        scales = prior.components.log_scale.expand_as(prior.components.mean)
        parts = {"log_weights": prior.log_weights, "means": prior.components.mean, "log_scales": scales}
        return {"kind": "mixture"} | {name: to.weights.put(part.float().cpu().numpy()) for name, part in parts.items()}
    module = getattr(model, "prior_module", None)
    if type(module) is vae.HierarchicalPrior:
        return {"kind": "hierarchical"} | layers_of(to.weights, module)
    return {"kind": "unknown"}
