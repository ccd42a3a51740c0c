"""
A model that is there already
=============================

Trained models of MNIST's digits come with the library, and are read where they lie. A VAE's walk between two digits of
different classes: nine codes on a path, and what each decodes to.
"""

import reparam

for name, card in reparam.bundled().items():
    print(f"{name}: {card.headline}")

run = reparam.load("bundled:vae-mnist")
figure = reparam.interpolate(run, steps=7).figure()

# %%
# Test digits beside what the model makes of their codes of 16 numbers.

figure = reparam.reconstruct(run, n=8).figure()
