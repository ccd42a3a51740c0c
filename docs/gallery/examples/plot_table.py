"""
Rows of a table, and new ones
=============================

A table of mixed columns in, a table of the same columns out: names, kinds and ranges are kept. Here the columns are
measured flowers; of each, data and samples side by side.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_iris

import reparam

iris = load_iris()
run = reparam.fit("vae", iris.data.astype("float32"), latent_dim=2, steps=600, progress=reparam.training.Silent())
made = run.sample(150).x

figure, axes = plt.subplots(1, 2, figsize=(7, 3.4), sharex=True, sharey=True, layout="constrained")
for panel, rows, title in zip(axes, (iris.data, made), ("data", "samples"), strict=True):
    panel.scatter(rows[:, 0], rows[:, 2], s=12)
    panel.set(title=title, xlabel=iris.feature_names[0], ylabel=iris.feature_names[2])
