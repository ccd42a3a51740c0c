"""Estimators as scikit-learn has them, one for each kind of model: in pipelines, searches, and on DataFrames.

>>> from sklearn.datasets import load_iris
>>> from reparam.sklearn import VAE
>>> flowers = load_iris(as_frame=True).data
>>> vae = VAE(latent_dim=2, hidden=(16,), steps=50, random_state=0).fit(flowers)
>>> vae.transform(flowers).shape
(150, 2)
>>> list(vae.sample(3).columns) == list(flowers.columns)
True

What a kind cannot do its estimator does not have: a game has no codes, and so no ``transform``.

>>> from reparam.sklearn import GAN
>>> hasattr(GAN(), "transform"), hasattr(GAN(), "sample")
(False, True)
"""

from typing import Any

from reparam.kinds import KINDS
from reparam.sklearn.derive import estimator

AVB = estimator(KINDS["avb"])
Autoencoder = estimator(KINDS["autoencoder"])
GAN = estimator(KINDS["gan"])
VAE = estimator(KINDS["vae"])
WGAN = estimator(KINDS["wgan"])

__all__ = ["AVB", "GAN", "VAE", "WGAN", "Autoencoder", "estimator"]


def __getattr__(name: str) -> Any:
    """The estimator of a kind that was added to ours, by the name of its model's class."""
    kind = next((kind for kind in KINDS.values() if kind.model.__name__ == name), None)
    if kind is None:
        raise AttributeError(f"module 'reparam.sklearn' has no attribute {name!r}")
    return estimator(kind)
