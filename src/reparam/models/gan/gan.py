"""Generative adversarial networks: two players on the loop that trains everything else."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import torch
from torch import Tensor, nn

from reparam import checks
from reparam.adversarial import (
    LOSSES,
    AdversarialLoss,
    Critic,
    lipschitz_estimate,
    minimax_discriminator,
    smoothed,
)
from reparam.distributions import Delta, Distribution, Normal
from reparam.errors import UserError
from reparam.models.gan.averaging import warm_decay
from reparam.models.gan.choosing import resample
from reparam.models.gan.constraints import Constraint, Shown
from reparam.models.gan.instance_noise import InstanceNoise
from reparam.models.gan.unrolling import look_ahead
from reparam.models.gan.usual import usual_constraint, usual_optimizer
from reparam.models.gan.watching import duplicate_rate, readings
from reparam.models.model import Batch, Model, Terms, Turn
from reparam.models.parts import ROWS, output_of, require_module, rows
from reparam.models.protocols import random_classes
from reparam.models.vae.decoding import full_precision
from reparam.networks.players import acts_per_example
from reparam.randomness import noise
from reparam.recording import recorded

Network = Callable[..., Tensor]


@dataclass(frozen=True)
class Sampled:
    """What the discriminator's turn leaves: real examples, their labels, and samples with the generator's graph."""

    real: Tensor
    labels: Tensor | None
    fake: Tensor


@recorded
class GAN(Model):
    """A generator and a discriminator (Goodfellow et al. 2014), in any game of :data:`reparam.adversarial.LOSSES`.

    Args:
        generator: module from z ``(batch, latent_dim)`` to x ``(batch, *data_shape)``; with ``classes``, from (z, y).
        discriminator: module from x to one logit per example; with ``classes``, from (x, y).
        latent_dim: width of z ~ N(0, I).
        data_shape: shape of one example.
        loss: a name in ``LOSSES`` or a game of your own; relativistic with its default constraint is R3GAN's.
        constraint: what keeps the discriminator smooth; R1 and R2 for the relativistic game and nothing for the others
            unless given, ``Constraint()`` for nothing at all.
        discriminator_turns: updates of the discriminator per update of the generator.
        noise: instance noise on the discriminator's inputs.
        smoothing: one-sided label smoothing (logistic games).
        unroll: discriminator updates the generator looks ahead (Metz et al. 2017); 0 is the plain game.
        unroll_rate: step size of those updates.
        average: decay of the moving average of the generator that is sampled from, shorter at first; 0: none.
        classes: number of classes where generator and discriminator are conditional, else 0.
        candidates: draws of the generator that each sample is chosen from, see :meth:`choosing`; 1: none is chosen.
        shared_samples: whether the generator's turn takes the samples of the discriminator's (last) turn, with their
            graph and their batch, instead of making others: a pass through the generator less in each step. The
            discriminator has then just moved on the very samples that the generator moves by.
        optimizer: both players' optimizer unless the run's settings say otherwise, see :class:`Turn`; what suits the
            game unless given.
        head: module from the generator's output to the distribution that x is drawn from, such as
            :class:`reparam.networks.ColumnsHead` for rows of tables; x is the output unless given.

    Raises:
        UserError: if an argument is none of these, shapes do not go together, labels are to be smoothed in a game that
            has none, or samples chosen in a game without a ratio.

    Attributes:
        shares: of the classes among random ones, as training sets them from its data; None: all alike.
    """

    updates: Tensor
    shares: Sequence[float] | None = None

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        latent_dim: int,
        data_shape: tuple[int, ...],
        *,
        loss: str | AdversarialLoss = "relativistic",
        constraint: Constraint | None = None,
        discriminator_turns: int = 1,
        noise: InstanceNoise | None = None,
        smoothing: float = 0.0,
        unroll: int = 0,
        unroll_rate: float = 1e-3,
        average: float = 0.999,
        classes: int = 0,
        candidates: int = 1,
        shared_samples: bool = False,
        optimizer: Mapping[str, Any] | None = None,
        head: nn.Module | None = None,
    ) -> None:
        super().__init__()
        require_module("generator", generator)
        require_module("discriminator", discriminator)
        self.generator, self.discriminator, self.head = generator, discriminator, head
        self._joint = acts_per_example(discriminator)
        self.latent_dim, self.classes = checks.whole("latent_dim", latent_dim), checks.whole("classes", classes, 0)
        self.data_shape = checks.widths("data_shape", data_shape, 1)
        self.game = loss if isinstance(loss, AdversarialLoss) else LOSSES[checks.one_of("loss", loss, LOSSES)]
        if checks.within("smoothing", smoothing, 0, 1) and self.game.discriminator is not minimax_discriminator:
            raise UserError(
                f"label_smoothing={smoothing:g} needs a discriminator trained on labels: use "
                'loss="non-saturating" or loss="minimax", or leave it out'
            )
        self.discriminator_game = smoothed(self.game.discriminator, smoothing) if smoothing else self.game.discriminator
        self.candidates = self._checked(candidates)
        self.constraint, self.noise = constraint or usual_constraint(self.game), noise or InstanceNoise()
        self.discriminator_turns = checks.whole("discriminator_turns", discriminator_turns)
        self.shared_samples = bool(shared_samples)
        self.unroll, self.unroll_rate = checks.whole("unroll", unroll, 0), checks.positive("unroll_rate", unroll_rate)
        self.optimizer = usual_optimizer(self.game) if optimizer is None else optimizer
        self.decay = checks.within("average", average, 0, 1)
        self._check_parts()
        self.averaged = copy.deepcopy(generator).requires_grad_(False) if average else None
        self.register_buffer("updates", torch.zeros((), dtype=torch.int64))  # of the average, so that resuming goes on
        self._updates = 0  # the same as a number, since reading the tensor waits for the device
        self.register_load_state_dict_post_hook(_count_as_loaded)  # type: ignore[no-untyped-call]

    def _check_parts(self) -> None:
        """Refuse players, a constraint or noise that cannot be played with."""
        for name, part, kind in (("constraint", self.constraint, Constraint), ("noise", self.noise, InstanceNoise)):
            if not isinstance(part, kind):
                checks.refuse(name, part, f"give a {kind.__name__}")
        y = self._condition(torch.zeros(ROWS, dtype=torch.int64))
        made = output_of("generator", self.generator, rows((self.latent_dim,)), *y)
        if self.head is not None:
            require_module("head", self.head)
            made = self._drawn_from(made).mean
        if made.shape[1:] != self.data_shape:
            raise UserError(
                f"generator makes {tuple(made.shape[1:])} of z ({self.latent_dim},), and data_shape is "
                f"{self.data_shape}: give one that makes it"
            )
        logits = output_of("discriminator", self.discriminator, rows(self.data_shape), *y)
        if logits.numel() != ROWS:
            raise UserError(f"discriminator makes {tuple(logits.shape)} of {ROWS} examples: give one logit for each")

    def turns(self) -> Iterator[Turn]:
        """The discriminator's turn, as often as it repeats, then the generator's."""
        repeats, settings = self.discriminator_turns, self.optimizer
        after = self._after_discriminator
        yield Turn("discriminator", self.discriminator, self.discriminator_loss, repeats, after, settings)
        yield Turn("generator", self.generator, self.generator_loss, 1, self._averaging(), settings)

    def schedules(self) -> Mapping[str, float]:
        """Epochs until the noise on the discriminator's inputs has vanished, if there is any."""
        return {"noise_epochs": self.noise.epochs} if self.noise.scale else {}

    def of_the_batch(self) -> Mapping[str, str]:
        """The discriminator's updates that the generator looks ahead by, if it does."""
        return {"unroll": "the look ahead"} if self.unroll else {}

    def discriminator_loss(self, batch: Batch) -> Terms:
        """The discriminator's loss, V(D, G) in nats and mean outputs on real and generated examples."""
        real, fake = (self._shown(x, batch.epoch) for x in (batch.x, self._opposed(batch)))
        on_real, on_fake = self._judge_both(real, fake, batch.y)
        penalties = (
            self.constraint.penalty(lambda x: self.judge(x, batch.y), real, fake),
            self.constraint.penalty_as_shown(Shown(real, fake, on_real, on_fake), batch.progress),
        )
        loss = self.discriminator_game(on_real, on_fake)
        loss = sum((penalty for penalty in penalties if penalty is not None), start=loss)
        return {"loss": loss, **readings(on_real, on_fake)}

    def _opposed(self, batch: Batch) -> Tensor:
        """The generator's samples for the discriminator's turn, without a graph; one with it is left for its own."""
        with torch.set_grad_enabled(self.shared_samples and torch.is_grad_enabled()):
            fake = self.generate(len(batch.x), batch.y)
        if not self.shared_samples:
            return fake
        batch.shared["samples"] = Sampled(batch.x, batch.y, fake)
        return fake.detach()

    def _shown(self, x: Tensor, epoch: float) -> Tensor:
        """What the discriminator sees of examples."""
        seen = self.noise.add(x, epoch)
        return seen.detach().requires_grad_() if self.constraint.differentiates else seen

    def generator_loss(self, batch: Batch) -> Terms:
        """The generator's loss, against the discriminator as it is or as it would be some updates later."""
        return {"loss": self._generator_loss(self.game, batch)}

    def _generator_loss(self, game: AdversarialLoss, batch: Batch) -> Tensor:
        left: Sampled | None = batch.shared.pop("samples", None)
        if left is not None:
            batch = replace(batch, x=left.real, y=left.labels)
        made = self.generate(len(batch.x), batch.y) if left is None else left.fake
        fake = self.noise.add(made, batch.epoch)
        judge = self._opponent(fake, batch)
        on_fake = judge(fake)
        on_real = judge(self.noise.add(batch.x, batch.epoch)) if game.paired else on_fake.detach()
        return game.generator(on_real, on_fake)

    def _opponent(self, fake: Tensor, batch: Batch) -> Critic:
        """The discriminator the generator plays against: as it is, or some updates ahead."""
        condition = self._condition(batch.y)
        if not self.unroll:
            return lambda x: _logits(self.discriminator(x, *condition))
        real = self.noise.add(batch.x, batch.epoch)

        def loss(network: Network) -> Tensor:
            return self.discriminator_game(_logits(network(real, *condition)), _logits(network(fake, *condition)))

        ahead = look_ahead(self.discriminator, loss, self.unroll, self.unroll_rate)
        return lambda x: _logits(ahead(x, *condition))

    def generate(self, n: int, y: Tensor | None = None) -> Tensor:
        """Draws of the generator as it is, at fresh z, ``(n, *data_shape)``, in float32."""
        return self._drawn_from(self.generator(self._noise(n), *self._condition(y))).sample()

    def _drawn_from(self, output: Tensor) -> Distribution:
        """What x is drawn from where the generator gives this: the point itself unless there is a head."""
        output = full_precision(output)
        return Delta(output, len(self.data_shape)) if self.head is None else self.head(output)

    def judge(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        """The discriminator's logits, ``(batch,)``, in float32."""
        return _logits(self.discriminator(x, *self._condition(y)))

    def _judge_both(self, real: Tensor, fake: Tensor, y: Tensor | None) -> tuple[Tensor, Tensor]:
        """The logits of both, in one call where that cannot change them: half the operations."""
        if not self._joint:
            return self.judge(real, y), self.judge(fake, y)
        on_real, on_fake = self.judge(torch.cat([real, fake]), None if y is None else torch.cat([y, y])).chunk(2)
        return on_real, on_fake

    def _condition(self, y: Tensor | None) -> tuple[Tensor, ...]:
        """What follows x or z in a call of a conditional network."""
        if not self.classes:
            return ()
        if y is None:
            raise UserError("a conditional GAN needs labels, and these data have none: leave conditional=True out")
        return (y,)

    def _noise(self, n: int) -> Tensor:
        like = next(self.generator.parameters())
        return torch.randn(n, self.latent_dim, dtype=like.dtype, device=like.device)

    @property
    def critic(self) -> bool:
        """Whether the discriminator is a critic, whose outputs are no logits."""
        return self.game.critic

    @property
    def prior(self) -> Normal:
        """p(z) = N(0, I), what the generator is given."""
        like = next(self.generator.parameters())
        zeros = torch.zeros(self.latent_dim, dtype=like.dtype, device=like.device)
        return Normal.from_log_scale(zeros, zeros)

    def _after_discriminator(self) -> None:
        self.constraint.after(self.discriminator)

    def _averaging(self) -> Callable[[], None] | None:
        """What moves the average after each update; the tensors are listed once, since a walk costs as much as it."""
        if self.averaged is None:
            return None
        averages, now = (tuple(network.parameters()) for network in (self.averaged, self.generator))
        kept, buffers = (tuple(network.buffers()) for network in (self.averaged, self.generator))

        @torch.no_grad()
        def average() -> None:
            self.updates += 1
            self._updates += 1
            torch._foreach_lerp_(averages, now, 1 - warm_decay(self.decay, self._updates))
            if kept:
                torch._foreach_copy_(kept, buffers)

        return average

    def sample(self, n: int, y: Tensor | None = None) -> Tensor:
        """G(z) of the averaged generator where there is one; of random classes where conditional and none are given.

        Random classes come as often as in the data that it was trained on, see :attr:`shares`.
        Where :attr:`candidates` is above 1, each is chosen from so many by the discriminator, see :meth:`choosing`.
        """
        if self.classes and y is None:
            y = random_classes(self, n, next(self.parameters()).device)
        if self.candidates == 1:
            return self._make(n, y)
        return resample(lambda: self._make(n, y), lambda x: self.judge(x, y), self.candidates)

    def choosing(self, candidates: int) -> Self:
        """The same players, but each sample is chosen from so many draws; weights are shared, not copied.

        In the minimax, non-saturating and relativistic games the best discriminator's logits are log p*(x) - log p_θ(x)
        up to a constant, so draws chosen by them come nearer to the data: what the discriminator knows better than the
        generator is not lost when training ends (Azadi et al. 2019 reject draws by it; here they are resampled, see
        :func:`reparam.models.gan.choosing.resample`). No mode is added that the generator lacks.

        Raises:
            UserError: if the game's discriminator knows no density ratio, or there is less than one candidate.
        """
        other = copy.copy(self)
        other.candidates = self._checked(candidates)
        return other

    def _checked(self, candidates: int) -> int:
        checks.whole("candidates", candidates)
        if candidates > 1 and not (self.game.ratio and self.discriminator_game is self.game.discriminator):
            raise UserError(
                f"samples cannot be chosen from {candidates} candidates: this game's discriminator learns no density "
                'ratio; leave candidates=... out, or train with loss="relativistic", "non-saturating" or "minimax" and '
                "without label_smoothing=..."
            )
        return candidates

    def _make(self, n: int, y: Tensor | None) -> Tensor:
        return self.decode(self._noise(n), y).sample()

    def decode(self, z: Tensor, y: Tensor | None = None) -> Distribution:
        """The point G(z) of the generator that is sampled from, for z ``(n, latent_dim)``; what its head makes of it.

        No head gives a density: with one as without, how well z explains x is not known.
        """
        generator = self.generator if self.averaged is None else self.averaged
        return self._drawn_from(generator(z, *self._condition(y)))

    def watch(self, batch: Batch) -> Terms:
        """Readings of the game on a batch, the same weights and noise for all.

        ``generator_gradient`` and ``other_gradient``: norms of the generator's gradient under its own loss and under
        the other of minimax and non-saturating; ``gradient_ratio``: the first over the second; ``lipschitz``: the
        largest gradient norm of the discriminator at interpolates; ``duplicates``: share of generated examples that
        have a twin.
        """
        own, other = (self._gradient_norm(game, batch) for game in (self.game, self._other_game))
        with torch.no_grad():
            fake = self.generate(len(batch.x), batch.y)
        return {
            "generator_gradient": own,
            "other_gradient": other,
            "gradient_ratio": own / other.clamp(min=torch.finfo(other.dtype).tiny),
            "lipschitz": lipschitz_estimate(lambda x: self.judge(x, batch.y), batch.x, fake),
            "duplicates": duplicate_rate(fake, batch.x),
        }

    @property
    def _other_game(self) -> AdversarialLoss:
        return LOSSES["non-saturating" if self.game is LOSSES["minimax"] else "minimax"]

    def _gradient_norm(self, game: AdversarialLoss, batch: Batch) -> Tensor:
        with noise(0, "watch"):  # the same z for both games
            loss = self._generator_loss(game, batch)
        parameters = [parameter for parameter in self.generator.parameters() if parameter.requires_grad]
        gradients = torch.autograd.grad(loss, parameters)
        return torch.nn.utils.get_total_norm(gradients)


def _count_as_loaded(model: nn.Module, keys: object) -> None:
    """The number of updates follows the checkpoint's."""
    assert isinstance(model, GAN)
    model._updates = int(model.updates)


def _logits(output: Tensor) -> Tensor:
    """One logit per example in float32: ``(batch,)`` from ``(batch, 1)``."""
    return full_precision(output).reshape(output.shape[0])  # not `len`, which torch.export takes for a constant
