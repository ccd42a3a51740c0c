"""Deep generative models that push noise onto data: variational autoencoders, adversarial networks, and between.

Names are imported when first used, so that ``import reparam`` itself is quick and loads no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from reparam._version import __version__

if TYPE_CHECKING:
    from reparam import bounds, data, distributions, models, networks, training
    from reparam.data import load_data
    from reparam.errors import UserError
    from reparam.models import VAE, Autoencoder, Model, Turn
    from reparam.training import Run, load
    from reparam.training.fit import fit

_HOMES = {
    "Autoencoder": "models",
    "Model": "models",
    "Run": "training",
    "Turn": "models",
    "UserError": "errors",
    "VAE": "models",
    "fit": "training",
    "load": "training",
    "load_data": "data",
}
_MODULES = ("bounds", "data", "distributions", "models", "networks", "training")

__all__ = [
    "VAE",
    "Autoencoder",
    "Model",
    "Run",
    "Turn",
    "UserError",
    "__version__",
    "bounds",
    "data",
    "distributions",
    "fit",
    "load",
    "load_data",
    "models",
    "networks",
    "training",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"reparam.{_HOMES[name]}"), name)
    if name in _MODULES:
        return import_module(f"reparam.{name}")
    raise AttributeError(f"module 'reparam' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
