"""
Which draw blocks the gradient?
===============================

Two ways to write the same draw; one of them teaches the encoder nothing, and no error says so. The audit does, of any
PyTorch code.
"""

import matplotlib.pyplot as plt
import torch
from torch import nn

import reparam

encoder, decoder = nn.Linear(8, 2), nn.Linear(2, 8)
networks = nn.ModuleDict({"encoder": encoder, "decoder": decoder})
x = torch.randn(256, 8, generator=torch.Generator().manual_seed(0))


def blocked():
    z = torch.normal(encoder(x), 1.0)
    return (decoder(z) - x).square().mean()


def passing():
    h = encoder(x)
    z = h + torch.randn_like(h)
    return (decoder(z) - x).square().mean()


print(reparam.audit(blocked, networks))

# %%
# What it means in training: the same 300 steps, with each.

histories = {}
for loss in (blocked, passing):
    torch.manual_seed(0)
    for layer in networks.values():
        layer.reset_parameters()
    optimizer = torch.optim.Adam(networks.parameters(), 0.02)
    history = histories[loss.__name__] = []
    for _ in range(300):
        optimizer.zero_grad()
        value = loss()
        value.backward()
        optimizer.step()
        history.append(value.item())

figure, axes = plt.subplots(figsize=(6, 3.4), layout="constrained")
for (name, history), style in zip(histories.items(), ("--", "-"), strict=True):
    axes.plot(history, style, label=name)
axes.set(xlabel="step", ylabel="squared error")
axes.legend()
