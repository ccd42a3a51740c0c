"""What models can do beyond being trained, and the one place where that is asked."""

import inspect
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, Self, TypeVar, runtime_checkable

import torch
from torch import Tensor, nn

from reparam.distributions import Distribution
from reparam.errors import UserError
from reparam.models.model import Batch, Terms

if TYPE_CHECKING:
    from typing_extensions import TypeIs

    from reparam.models.vae.likelihoods import Likelihood

C = TypeVar("C")


@runtime_checkable
class Samples(Protocol):
    """Data can be drawn from it."""

    def sample(self, n: int) -> Tensor:
        """``n`` draws ``(n, *data_shape)`` from torch's global noise."""


@runtime_checkable
class Means(Protocol):
    """It has draws without observation noise, which are not its samples."""

    def mean(self, n: int) -> Tensor:
        """``n`` means ``(n, *data_shape)``, at what ``sample`` draws of the prior from the same noise."""


@runtime_checkable
class Encodes(Protocol):
    """It has codes of data."""

    def encode(self, x: Tensor) -> Distribution:
        """q(z|x) for x ``(batch, *data_shape)``; a :class:`reparam.distributions.Delta` where there is no noise."""


@runtime_checkable
class Decodes(Protocol):
    """It makes data of codes."""

    def decode(self, z: Tensor) -> Distribution:
        """p(x|z) for z ``(n, *event_shape of a code)``; a ``Delta`` where there is no observation noise."""


@runtime_checkable
class HasPrior(Protocol):
    """Its codes have a distribution of their own."""

    @property
    def prior(self) -> Distribution:
        """p(z), of batch shape ``()``."""


@runtime_checkable
class Evaluates(Protocol):
    """It has quantities per example that judge it."""

    def evaluate(self, batch: Batch) -> Terms:
        """Quantities per example, each ``(batch,)``, whose averages over a split are reported."""


@runtime_checkable
class Watches(Protocol):
    """It has readings that are too costly for every step."""

    def watch(self, batch: Batch) -> Terms:
        """Scalars, taken when a row is logged."""


@runtime_checkable
class Conditional(Protocol):
    """It is told a class, where ``classes`` is above 0."""

    classes: int
    shares: Sequence[float] | None
    """How often each class is drawn where none is asked for, as training sets it; None: all alike."""

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        """``n`` draws of the classes y ``(n,)``; of random ones, by their shares, where none are given."""

    def decode(self, z: Tensor, y: Tensor | None = None) -> Distribution:
        """p(x|z, y)."""


@runtime_checkable
class Chooses(Protocol):
    """Each of its samples is chosen from so many draws, ``candidates``."""

    candidates: int

    def choosing(self, candidates: int) -> Self:
        """The same model with another number of candidates."""


@runtime_checkable
class HasLikelihood(Protocol):
    """A module turns its decoder's output into p(x|z), and says which values it is for."""

    likelihood: "Likelihood"


@runtime_checkable
class Judges(Protocol):
    """It has a discriminator of samples."""

    critic: bool
    """Whether what it says is a critic's output rather than a logit."""

    def judge(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """What its discriminator says of x ``(n, *data_shape)``, ``(n,)``."""


class _Words(NamedTuple):
    """The members of a protocol, what a model lacks without them, and who has it."""

    members: tuple[str, ...]
    missing: str
    such_as: str


_WORDS: dict[Any, _Words] = {
    Samples: _Words(("sample",), "has no samples", "a vae or a gan"),
    Means: _Words(("mean",), "has no means of samples", "a vae"),
    Encodes: _Words(("encode",), "has no encoder", "a vae"),
    Decodes: _Words(("decode",), "has no decoder", "a vae or a gan"),
    HasPrior: _Words(("prior",), "has no prior", "a vae or a gan"),
    Evaluates: _Words(("evaluate",), "has no quantity that judges it", "a vae"),
    Watches: _Words(("watch",), "has no readings", "a gan"),
    Conditional: _Words(("classes", "sample"), "was not told classes", "a gan trained with conditional=True"),
    HasLikelihood: _Words(("likelihood",), "has no likelihood", "a vae"),
    Judges: _Words(("judge", "critic"), "has no discriminator", "a gan"),
    Chooses: _Words(("candidates", "choosing"), "has no discriminator of samples to choose by", "a gan"),
}


def can(model: object, capability: Callable[..., C]) -> "TypeIs[C]":
    """Whether a model has a capability: a protocol of this module.

    It has what its class defines or what it was given as an attribute; a member that is None, or a count of 0, is
    none. Nothing of the model is called: a prior may cost a pass through the encoder.

    >>> from reparam.models import GAN
    >>> from reparam.networks import MLP
    >>> gan = GAN(MLP(2, [8], 5), MLP(5, [8], 1), 2, (5,))
    >>> can(gan, Decodes), can(gan, Encodes), can(gan, Conditional)
    (True, False, False)
    """
    found = [_member(model, name) for name in _WORDS[capability].members]
    return not any(member is None or (type(member) is int and member == 0) for member in found)


def _member(model: object, name: str) -> object:
    """What a class or an instance has under a name, or a module among its modules; None where there is nothing."""
    modules = model._modules if isinstance(model, nn.Module) else {}
    return inspect.getattr_static(model, name, modules.get(name))


def require(model: object, capability: Callable[..., C]) -> C:
    """The model, known to have a capability.

    Raises:
        UserError: in words, if it has not.

    >>> require(object(), Encodes)
    Traceback (most recent call last):
    reparam.errors.UserError: an object has no encoder: this needs a model that has one, such as a vae
    """
    if can(model, capability):
        return model
    words = _WORDS[capability]
    raise UserError(f"{named(model)} {words.missing}: this needs a model that has one, such as {words.such_as}")


def named(model: object) -> str:
    """A model's class with its article.

    >>> named(object())
    'an object'
    """
    name = type(model).__name__
    return f"{'an' if name[0].upper() in 'AEIO' else 'a'} {name}"


def encoded(model: object, x: Tensor) -> Distribution:
    """q(z|x), of a model that has an encoder.

    Raises:
        UserError: if it has none, or one that returns something else.
    """
    return _distribution(require(model, Encodes).encode(x), model, "encode")


def decoded(model: object, z: Tensor) -> Distribution:
    """p(x|z), of a model that has a decoder and is told no class.

    Raises:
        UserError: if it has none, has to be told a class, or returns something else.
    """
    decoder = require(model, Decodes)
    if can(model, Conditional):
        raise UserError(f"{named(model)} that is told its class decodes no code without one: sample with a `label`")
    return _distribution(decoder.decode(z), model, "decode")


def prior_of(model: object) -> Distribution:
    """p(z), of a model that has a prior.

    Raises:
        UserError: if it has none, or one that is no distribution.
    """
    return _distribution(require(model, HasPrior).prior, model, "prior")


def mean_draws(model: object, n: int) -> Tensor:
    """``n`` draws without observation noise, ``(n, *data_shape)``; the samples themselves where there is none.

    Raises:
        UserError: if the model cannot be sampled from.
    """
    return model.mean(n) if can(model, Means) else require(model, Samples).sample(n)


def random_classes(model: Conditional, n: int, device: torch.device) -> Tensor:
    """Codes ``(n,)`` of random classes of a conditional model, which come as often as its ``shares`` say."""
    if model.shares is None:
        return torch.randint(model.classes, (n,), device=device)
    return torch.multinomial(torch.tensor(model.shares, device=device), n, replacement=True)


def _distribution(given: object, model: object, member: str) -> Distribution:
    if isinstance(given, Distribution):
        return given
    raise UserError(
        f"{member!r} of {named(model)} gives {named(given)} and no distribution: where there is no noise, give a "
        "reparam.distributions.Delta"
    )
