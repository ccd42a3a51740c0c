"""Check a function of your own: ours beside it on random inputs, value and gradient, and what is wrong in words.

``reparam.check.kl(my_kl)`` says ``right``, or what is wrong (a shape, a sign, a mean where a sum is asked for, a
gradient that is blocked), and never what would be right. The notebooks without answers that
:func:`reparam.courses.exercise` writes call these.
"""

from collections.abc import Callable
from typing import Any

from reparam.check.verdict import Verdict

__all__ = [
    "Verdict",
    "bernoulli_log_prob",
    "covariance_parameters",
    "critic_loss",
    "discriminator_loss",
    "earth_mover",
    "elbo",
    "generator_loss",
    "jensen_shannon",
    "kl",
    "kl_from_discriminator",
    "kl_normals",
    "monte_carlo_log_prob",
    "optimal_discriminator",
    "positive_scale",
    "reparameterize",
    "shifted_normal",
    "wasserstein",
]

Function = Callable[..., Any]


def _compared(name: str, function: Function, seed: int) -> Verdict:
    from reparam.check.compare import compare
    from reparam.check.tasks import TASKS

    return compare(TASKS[name], function, seed)


def kl(function: Function, seed: int = 0) -> Verdict:
    """KL(N(mean, exp(log_variance)) ‖ N(0, I)) ``(batch,)`` in nats of ``(mean, log_variance)``.

    Args:
        function: yours.
        seed: of the random inputs; so of every check here.

    >>> kl(lambda mean, log_variance: 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).sum(-1))
    kl: right (value and gradient on 4 random inputs)
    >>> kl(lambda mean, log_variance: 0.5 * (mean**2 + log_variance.exp() - 1 - log_variance).mean(-1))
    kl: not yet
      - it is the mean over the dimensions where the sum is asked for
    """
    return _compared("kl", function, seed)


def kl_normals(function: Function, seed: int = 0) -> Verdict:
    """KL(q ‖ p) ``(batch,)`` in nats of ``(mean_q, sd_q, mean_p, sd_p)``."""
    return _compared("kl_normals", function, seed)


def bernoulli_log_prob(function: Function, seed: int = 0) -> Verdict:
    """Log p(x) ``(batch,)`` in nats of binary pixels and logits, ``(x, logits)``."""
    return _compared("bernoulli_log_prob", function, seed)


def elbo(function: Function, seed: int = 0) -> Verdict:
    """The lower bound ``(batch,)`` in nats of ``(x, logits, mean, log_variance)``, the logits being of one draw."""
    return _compared("elbo", function, seed)


def monte_carlo_log_prob(function: Function, seed: int = 0) -> Verdict:
    """Log p(x) ``(batch,)`` estimated from ``log_px_given_z`` ``(samples, batch)`` at draws of the prior."""
    return _compared("monte_carlo_log_prob", function, seed)


def optimal_discriminator(function: Function, seed: int = 0) -> Verdict:
    """D* ``(points,)`` of the densities ``(p_data, p_model)``."""
    return _compared("optimal_discriminator", function, seed)


def discriminator_loss(function: Function, seed: int = 0) -> Verdict:
    """J_D = -½ E[log D(x)] - ½ E[log(1 - D(G(z)))], a scalar, of logits ``(real, fake)``."""
    return _compared("discriminator_loss", function, seed)


def generator_loss(function: Function, seed: int = 0) -> Verdict:
    """The non-saturating J_G = -½ E[log D(G(z))], a scalar, of logits ``(fake,)``."""
    return _compared("generator_loss", function, seed)


def critic_loss(function: Function, seed: int = 0) -> Verdict:
    """What a Wasserstein critic minimizes, a scalar, of its heights ``(real, fake)``."""
    return _compared("critic_loss", function, seed)


def kl_from_discriminator(function: Function, seed: int = 0) -> Verdict:
    """KL(q₁ ‖ q₂), a scalar, of the best discriminator's probabilities ``(d,)`` at draws of q₁."""
    return _compared("kl_from_discriminator", function, seed)


def wasserstein(function: Function, seed: int = 0) -> Verdict:
    """W1, a scalar, of two samples of equal size on the line, ``(x, y)``."""
    return _compared("wasserstein", function, seed)


def earth_mover(function: Function, seed: int = 0) -> Verdict:
    """The cheapest cost, a scalar, of moving histogram ``a`` to ``b`` over places one step apart."""
    return _compared("earth_mover", function, seed)


def jensen_shannon(function: Function, seed: int = 0) -> Verdict:
    """JSD, a scalar in nats, of two vectors of probabilities, ``(p, q)``."""
    return _compared("jensen_shannon", function, seed)


def reparameterize(function: Function, seed: int = 0) -> Verdict:
    """One draw of N(mean, exp(log_variance)) of ``(mean, log_variance)``, through which gradients pass."""
    from reparam.check.drawn import REPARAMETERIZE

    return REPARAMETERIZE.check(function, seed)


def shifted_normal(function: Function, seed: int = 0) -> Verdict:
    """One draw of N(h, I) of ``(h,)``, through which gradients pass."""
    from reparam.check.drawn import SHIFTED

    return SHIFTED.check(function, seed)


def positive_scale(function: Function, seed: int = 0) -> Verdict:
    """One draw of N(0, diag(h)), h a positive function of ``(output,)``, through which gradients pass."""
    from reparam.check.drawn import POSITIVE

    return POSITIVE.check(function, seed)


def covariance_parameters(function: Function) -> Verdict:
    """How many numbers describe a normal of ``(dimensions,)``: with a diagonal, and with a full covariance."""
    from reparam.check.counts import check_counts

    return check_counts(function)
