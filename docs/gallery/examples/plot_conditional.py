"""
A digit on demand
=================

A conditional GAN is told the class. After some seconds on scikit-learn's digits of 8×8 pixels, four samples of each:
``reparam train gan --conditional``, then ``reparam sample RUN --label 7``.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits

import reparam

digits = load_digits()
data = reparam.data.Dataset.of((digits.images / 16).astype("float32"), labels=digits.target)
run = reparam.fit(
    "gan",
    data,
    conditional=True,
    generator_hidden=(128, 128),
    discriminator_hidden=(128, 128),
    steps=350,
    progress=reparam.training.Silent(),
)

figure, panels = plt.subplots(4, 10, figsize=(7, 2.9), layout="constrained")
for label, column in enumerate(panels.T):
    for axes, picture in zip(column, run.sample(4, label=str(label)).x, strict=True):
        axes.imshow(picture.reshape(8, 8), cmap="gray_r", vmin=0, vmax=1)
        axes.axis("off")
    column[0].set_title(label)
