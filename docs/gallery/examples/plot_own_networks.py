"""
Your own networks
=================

Encoder and decoder are any modules, and a prior is a part that is exchanged in a word. Here two moons, a prior that
is a flow, and draws of the model over the data.
"""

import matplotlib.pyplot as plt
from torch import nn

import reparam
from reparam.models import FlowPrior, NormalLikelihood

data = reparam.load_data("moons")
encoder = nn.Sequential(nn.Linear(2, 64), nn.SiLU(), nn.Linear(64, 4))
decoder = nn.Sequential(nn.Linear(2, 64), nn.SiLU(), nn.Linear(64, 2))
vae = reparam.VAE(
    encoder,
    decoder,
    FlowPrior(2),
    likelihood=NormalLikelihood((2,)),
    objective=reparam.models.ELBO(kl=reparam.bounds.sampled_kl),
)
run = reparam.fit(vae, data, steps=1000, progress=reparam.training.Silent())
made = run.sample(1000).x

figure, axes = plt.subplots(figsize=(5, 4), layout="constrained")
axes.scatter(*data.test.x[:1000].T, s=6, label="data")
axes.scatter(*made.T, s=6, label="samples")
axes.legend()
