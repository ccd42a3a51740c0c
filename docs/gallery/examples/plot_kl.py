"""
How far one normal is from another
==================================

KL(q ‖ p) is not symmetric: a narrow q inside a wide p costs little, a wide q around a narrow p much. Both directions
in closed form, in nats, as the ratio of the two scales grows.
"""

import matplotlib.pyplot as plt
import torch

from reparam.divergences import kl_diagonal

scales = torch.logspace(-1, 1, 81)
zero, one = torch.zeros(81, 1), torch.ones(81, 1)
narrow_in_wide = kl_diagonal(zero, scales[:, None], zero, one)
other_way = kl_diagonal(zero, one, zero, scales[:, None])

figure, axes = plt.subplots(figsize=(6, 3.6), layout="constrained")
axes.loglog(scales, narrow_in_wide, label="KL(N(0, s²) ‖ N(0, 1))")
axes.loglog(scales, other_way, "--", label="KL(N(0, 1) ‖ N(0, s²))")
axes.set(xlabel="scale s", ylabel="nats", ylim=(1e-4, 100))
axes.legend()
