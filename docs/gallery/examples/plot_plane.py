"""
A plane of digits
=================

A VAE with two latents, trained for some seconds, decodes a grid of the plane: its map of the digits. More epochs make
it sharper.
"""

import reparam

run = reparam.fit("vae", "mnist", latent_dim=2, hidden=(128,), steps=600, progress=reparam.training.Silent())
print(run.test)  # nats per example

figure = reparam.manifold(run, 14).figure()

# %%
# Where test digits lie in it, coloured by class; the same object has the numbers.

latents = reparam.latents(run, 1000)
print({name: array.shape for name, array in latents.numbers.items()})

figure = latents.figure()
