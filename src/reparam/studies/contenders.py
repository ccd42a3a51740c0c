"""The models of a comparison by name: `vae`, `vae-2`, `gan`, `wgan-gp` ..."""

import re
from collections.abc import Callable

from reparam.data import Dataset
from reparam.errors import UserError
from reparam.kinds import KINDS, settings_of
from reparam.kinds.own import load_function, names_function
from reparam.models.model import Model
from reparam.nearest import meant
from reparam.settings import ModelConfig

Own = Callable[[Dataset], Model]
"""A function of the user's that composes a model for the data."""


def named_models() -> dict[str, ModelConfig]:
    """What each name stands for: every kind, and its variants.

    >>> list(named_models())[:4]
    ['autoencoder', 'vae', 'iwae', 'vae-flow']
    """
    named = [{name: settings_of({"kind": name}), **kind.variants} for name, kind in KINDS.items()]
    return {name: settings for one in named for name, settings in one.items()}


def contender(name: str) -> ModelConfig | Own:
    """The settings of the model that a name stands for, or the function that composes it.

    Args:
        name: one of :func:`named_models`, with ``-N`` behind it for a latent of width N, or ``FILE.py:function``, a
            function of the data that gives a model.

    Raises:
        UserError: if there is no such kind, or a latent has no width.

    >>> contender("vae-2").latent_dim, contender("wgan-gp").gradient_penalty
    (2, 10.0)
    """
    if names_function(name):
        return load_function(name)
    kind, latent = _parts(name)
    there = named_models()
    if kind not in there:
        known = f"{', '.join(there)}, with -N for N latent dimensions, or FILE.py:function"
        raise UserError(f"there is no model {name!r}{meant(kind, there)}: name {known}")
    return settings_of(there[kind].model_dump() | ({} if latent is None else {"latent_dim": latent}))


def _parts(name: str) -> tuple[str, int | None]:
    """The kind and the width of the latent, where one is named."""
    match = re.fullmatch(r"(.+?)-(\d+)", name)
    return (match[1], int(match[2])) if match else (name, None)
