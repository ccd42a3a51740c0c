"""
Codes without a prior
=====================

An autoencoder of two latents, as long as the VAE of `a plane of digits`: nothing holds its codes together, so that the
axes grow, gaps open, and nobody knows where to draw a code from.
"""

import reparam

run = reparam.fit("autoencoder", "mnist", latent_dim=2, hidden=(128,), steps=600, progress=reparam.training.Silent())

figure = reparam.latents(run, 1000).figure()
