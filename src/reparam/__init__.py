"""Deep generative models that push noise onto data: variational autoencoders, adversarial networks, and between.

Names are imported when first used, so that ``import reparam`` itself is quick and loads no torch.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from reparam._version import __version__

if TYPE_CHECKING:
    from reparam import (
        adversarial,
        bounds,
        check,
        courses,
        data,
        distributions,
        divergences,
        evaluation,
        kinds,
        labs,
        models,
        networks,
        pages,
        plots,
        sklearn,
        studies,
        training,
        transport,
    )
    from reparam.audit.api import audit
    from reparam.data import load_data
    from reparam.errors import UserError
    from reparam.evaluation import (
        curves,
        impute,
        interpolate,
        latents,
        log_likelihood,
        manifold,
        reconstruct,
        sample,
        snapshots,
    )
    from reparam.evaluation.apart import two_sample
    from reparam.exploring.explored import explore
    from reparam.exporting import export
    from reparam.hub import push
    from reparam.models import GAN, VAE, WGAN, Autoencoder, Model, Turn
    from reparam.runs.doctor import doctor
    from reparam.runs.shipped import bundled
    from reparam.studies import compare, evaluate, report, sweep
    from reparam.training import Run, load
    from reparam.training.fit import fit

_HOMES = {
    "Autoencoder": "models",
    "GAN": "models",
    "Model": "models",
    "Run": "training",
    "Turn": "models",
    "UserError": "errors",
    "VAE": "models",
    "WGAN": "models",
    "bundled": "runs.shipped",
    "compare": "studies",
    "curves": "evaluation",
    "doctor": "runs.doctor",
    "evaluate": "studies",
    "explore": "exploring.explored",
    "export": "exporting",
    "fit": "training",
    "impute": "evaluation",
    "interpolate": "evaluation",
    "latents": "evaluation",
    "load": "training",
    "load_data": "data",
    "log_likelihood": "evaluation",
    "manifold": "evaluation",
    "push": "hub",
    "reconstruct": "evaluation",
    "report": "studies",
    "sample": "evaluation",
    "snapshots": "evaluation",
    "sweep": "studies",
    "two_sample": "evaluation.apart",
}
_MODULES = (
    "adversarial",
    "audit",
    "bounds",
    "check",
    "courses",
    "data",
    "distributions",
    "divergences",
    "evaluation",
    "kinds",
    "labs",
    "models",
    "networks",
    "pages",
    "plots",
    "sklearn",
    "studies",
    "training",
    "transport",
)

__all__ = [
    "GAN",
    "VAE",
    "WGAN",
    "Autoencoder",
    "Model",
    "Run",
    "Turn",
    "UserError",
    "__version__",
    "adversarial",
    "audit",
    "bounds",
    "bundled",
    "check",
    "compare",
    "courses",
    "curves",
    "data",
    "distributions",
    "divergences",
    "doctor",
    "evaluate",
    "evaluation",
    "explore",
    "export",
    "fit",
    "impute",
    "interpolate",
    "kinds",
    "labs",
    "latents",
    "load",
    "load_data",
    "log_likelihood",
    "manifold",
    "models",
    "networks",
    "pages",
    "plots",
    "push",
    "reconstruct",
    "report",
    "sample",
    "sklearn",
    "snapshots",
    "studies",
    "sweep",
    "training",
    "transport",
    "two_sample",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"reparam.{_HOMES[name]}"), name)
    if name in _MODULES:
        return import_module(f"reparam.{name}")
    raise AttributeError(f"module 'reparam' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
