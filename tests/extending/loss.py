"""A GAN loss of one's own: least squares with targets -1, 1 and 0, which minimize Pearson's chi-squared."""

from reparam.adversarial import AdversarialLoss


def discriminator(real, fake):
    """½ E[(D(x) - 1)²] + ½ E[(D(G(z)) + 1)²] (Mao et al. 2017, equation 8)."""
    return 0.5 * (real - 1).square().mean() + 0.5 * (fake + 1).square().mean()


def generator(real, fake):
    """½ E[D(G(z))²]."""
    return 0.5 * fake.square().mean()


PEARSON = AdversarialLoss(discriminator, generator)
