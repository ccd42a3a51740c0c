"""The latent space as arrays: where test points lie in it, and what its plane decodes to."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from reparam import checks
from reparam.data import Split
from reparam.data.columns.wording import counted, listed
from reparam.data.picture import AS_IT_IS, Picture
from reparam.distributions import Hierarchy, Normal
from reparam.distributions.flow import Flow
from reparam.errors import UserError
from reparam.evaluation.codes.encoding import codes, decode_mean, device_of, pick, require_real_codes
from reparam.hardware import exact, require_memory
from reparam.models.protocols import Encodes, HasPrior, can, prior_of, require
from reparam.randomness import generator, noise
from reparam.result import Arrays
from reparam.runs.given import of_run
from reparam.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Array = np.ndarray
DRAWS = 10_000
MOST_GONE = 3
NO_IMAGES = "a manifold is drawn as a grid of images and these data are none: see `reparam latents`"


@dataclass(frozen=True, repr=False)
class Manifold(Arrays):
    """The decoder's mean on a grid of the latent plane.

    ``images``: ``(size, size, *data_shape)``; row i, column j is decoded at ``z = (z1[j], z2[i])``. ``z1``, ``z2``:
    ``(size,)``, rising. ``look``: how images are drawn.
    """

    images: Array
    z1: Array
    z2: Array
    look: Picture = AS_IT_IS

    @property
    def title(self) -> str:
        """What is seen."""
        return "What the latent plane decodes to (equal prior probability per cell)"

    def figure(self) -> "Figure":
        """The images where their codes lie.

        Raises:
            UserError: if the data are no images.
        """
        from reparam.plots import manifold

        if self.images.ndim != 5:
            raise UserError(NO_IMAGES)
        title = f"{self.title}{self.look.caption(self.images.shape[2])}"
        return manifold(self.look(self.images), self.z1, z2_axis=self.z2, title=title)


@dataclass(frozen=True, repr=False)
class Latents(Arrays):
    """Codes of test points in two dimensions, ``z`` ``(n, 2)``, with labels ``(n,)`` where there are any.

    ``explained``: the two principal components' shares of the variance if the latent is larger than 2, else None.
    ``classes``: the labels' names.
    """

    z: Array
    labels: Array | None
    explained: Array | None
    classes: tuple[str, ...] = ()

    @property
    def title(self) -> str:
        """Of how many, and of which classes there is none."""
        there = set() if self.labels is None else set(self.labels.tolist())
        gone = [name for code, name in enumerate(self.classes) if there and code not in there]
        none = f", none of class {listed(gone, MOST_GONE)}" if gone else ""
        return f"Codes of {counted(len(self.z), 'test example')}{none}"

    def figure(self) -> "Figure":
        """The plane, coloured by class."""
        from reparam.plots import latent_scatter

        explained = None if self.explained is None else self.explained.tolist()
        return latent_scatter(self.z, self.labels, self.classes, title=self.title, explained=explained)


def _quantiles(size: int) -> Tensor:
    """Standard normal quantiles at the midpoints of ``size`` equal slices of probability, ``(size,)``."""
    quantiles: Tensor = torch.special.ndtri((torch.arange(size, dtype=torch.float64) + 0.5) / size)
    return quantiles


@of_run
@exact()
@torch.no_grad()
def manifold(run: Run, size: int = 20) -> Manifold:
    """Decode a grid that covers the latent plane with equal probability per cell (Kingma & Welling 2014, figure 4).

    The grid is made of standard normal quantiles. A flow prior's is their image, so that ``z1`` and ``z2`` are the
    flow's noise; a mixture's, and an autoencoder's, which has no prior, is made of quantiles of normals with the mean
    and standard deviation of draws of the prior, or of test codes.

    Raises:
        UserError: unless the model has two latent dimensions, which are real numbers, or if the grid has no row.
    """
    checks.whole("size", size)
    form = require_real_codes(run.model, "which have no plane to decode")
    if form.shape != (2,) and not run.record.is_image:
        raise UserError(NO_IMAGES)  # another width of the latent would not help
    if form.shape != (2,):
        raise UserError(
            f"a manifold needs 2 latent dimensions and this model has {form}: "
            "train one with latent_dim=2, or see `reparam latents`"
        )
    require_memory("size", size, math.prod(run.model.data_shape), power=2)
    plane = _plane(run)
    z1, z2 = (plane.mean[i] + plane.scale[i] * _quantiles(size) for i in range(2))
    grid = torch.stack(torch.meshgrid(z1, z2, indexing="xy"), dim=-1).reshape(-1, 2).float()
    images = run.record.given_back(decode_mean(run.model, plane.push(grid)).numpy())
    return Manifold(images.reshape(size, size, *images.shape[1:]), z1.numpy(), z2.numpy(), run.record.drawn)


@dataclass(frozen=True)
class _Plane:
    """Where a model's codes lie: normals' mean and scale along both axes, and the way from there to codes."""

    mean: Tensor
    scale: Tensor
    push: Callable[[Tensor], Tensor] = lambda z: z


@torch.no_grad()
def _plane(run: Run) -> _Plane:
    prior = prior_of(run.model) if can(run.model, HasPrior) else None
    if isinstance(prior, Normal):
        return _Plane(prior.mean.cpu(), prior.scale.cpu().expand(2))
    if isinstance(prior, Hierarchy):
        device = device_of(run.model)
        return _Plane(torch.zeros(2), torch.ones(2), lambda e: prior.push(e.to(device)).detach().cpu())
    if isinstance(prior, Flow):
        transform, device = prior.transform, device_of(run.model)
        return _Plane(torch.zeros(2), torch.ones(2), lambda e: transform(e.to(device)).detach().cpu())
    with noise(0, "manifold"):
        z = codes(run.model, run.data.test, run.data) if prior is None else prior.sample((DRAWS,)).cpu()
    return _Plane(z.mean(0), z.std(0))


@of_run
@exact()
def latents(run: Run, n: int = 5000, seed: int = 0) -> Latents:
    """Codes of seeded random test points; the two leading principal components where the latent is larger than 2.

    Codes of any shape are taken as vectors.

    Raises:
        UserError: if the model has no encoder, its codes are integers, or no points are asked for.
    """
    checks.whole("n", n)
    require(run.model, Encodes)
    require_real_codes(run.model, "which have no place in a plane")
    chosen: Split = pick(run.data.test, n, generator(seed, "latents"))
    z = codes(run.model, chosen, run.data).flatten(1)
    labels = None if chosen.labels is None else chosen.labels.numpy()
    if z.shape[1] <= 2:
        return Latents(torch.nn.functional.pad(z, (0, 2 - z.shape[1])).numpy(), labels, None, run.record.classes)
    projected, explained = _principal_components(z.double())
    return Latents(projected.float().numpy(), labels, explained.numpy(), run.record.classes)


def _principal_components(z: Tensor) -> tuple[Tensor, Tensor]:
    """The projection ``(n, 2)`` on the two leading components, and their shares of the variance ``(2,)``."""
    centred = z - z.mean(0)
    _, singular, directions = torch.linalg.svd(centred, full_matrices=False)
    explained = singular.square() / singular.square().sum()
    return centred @ directions[:2].T, explained[:2]
