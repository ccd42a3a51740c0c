"""
An optimal plan
===============

Which point goes where, if all the earth is to be moved as little as can be: the exact plan between two clouds, and
its cost.
"""

import matplotlib.pyplot as plt
import torch

from reparam.transport import cost_matrix, exact_plan

torch.manual_seed(0)
here = torch.randn(40, 2)
angle = torch.rand(40) * 2 * torch.pi
there = 3 * torch.stack([angle.cos(), angle.sin()], dim=1)
plan = exact_plan(cost_matrix(here, there))
print(f"W1 = {plan.cost:.3f}")

figure, axes = plt.subplots(figsize=(5, 5), layout="constrained")
for i, j in plan.mass.nonzero():
    axes.plot(*torch.stack([here[i], there[j]]).T, color="0.7", zorder=0)
axes.scatter(*here.T, label="from")
axes.scatter(*there.T, label="to", marker="s")
axes.set_aspect("equal")
axes.legend()
