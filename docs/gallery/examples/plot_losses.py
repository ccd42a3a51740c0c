"""
What each loss tells the generator
==================================

The gradient that a generated example sends back, by how the discriminator judges it (its logit; a critic's is a
height), for every game that ``--loss`` knows. The minimax loss is silent where the discriminator is sure that an
example is generated: there a generator begins.
"""

import matplotlib.pyplot as plt
import torch

from reparam.adversarial import LOSSES

figure, axes = plt.subplots(figsize=(6.5, 3.8), layout="constrained")
for (name, loss), style in zip(LOSSES.items(), ("-", "--", "-.", ":", (0, (5, 1, 1, 1)), (0, (1, 3))), strict=True):
    fake = torch.linspace(-6, 6, 121, requires_grad=True)
    real = torch.zeros_like(fake)  # beside an example of the data whose logit is 0
    (slope,) = torch.autograd.grad(loss.generator(real, fake), fake)
    wide, alpha = (5, 0.5) if name == "hinge" else (1.8, 1)  # the Wasserstein generator's is the same line
    axes.plot(fake.detach(), -slope * len(fake), linestyle=style, linewidth=wide, alpha=alpha, label=name)
axes.set(xlabel="logit of a generated example", ylabel="push towards the data", ylim=(-0.5, 2.5))
axes.legend(ncols=2)
