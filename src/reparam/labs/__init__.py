"""Experiments of the theory: each predicts a number, measures it, and draws what happened.

``reparam.labs.earth_mover.run()`` runs one, :func:`get` finds one by its name on the command line, and ``NAMES`` lists
them all in the order of the gallery.
"""

from importlib import import_module
from typing import Any

from reparam.errors import UserError
from reparam.labs.lab import Check, Lab, Result
from reparam.nearest import meant

NAMES = (
    "reparameterization",
    "normal-kl",
    "elbo-gap",
    "monte-carlo",
    "linear-vae",
    "flow-vae",
    "latent-spaces",
    "simple-images",
    "optimal-discriminator",
    "saturation",
    "vanishing-gradient",
    "mode-covering",
    "mode-collapse",
    "disjoint-supports",
    "earth-mover",
    "kantorovich-rubinstein",
    "convergence-order",
    "critic-tracks-quality",
    "density-ratio",
    "four-points",
)

__all__ = ["NAMES", "Check", "Lab", "Result", "get"]


def get(name: str) -> Lab:
    """The lab of this name.

    Raises:
        UserError: if there is none.

    >>> get("earth-mover").title
    'The earth mover: a plan, and what it costs'
    """
    if name not in NAMES:
        raise UserError(f"there is no lab {name!r}{meant(name, NAMES)}: `reparam labs` lists them")
    lab: Lab = import_module(f"reparam.labs.{name.replace('-', '_')}").LAB
    return lab


def __getattr__(name: str) -> Any:
    if name.replace("_", "-") in NAMES:
        return import_module(f"reparam.labs.{name}")
    raise AttributeError(f"module 'reparam.labs' has no attribute {name!r}")
