"""
Rows of a table, and new ones
=============================

A table of mixed columns in, a table of the same columns out: names, kinds and ranges are kept, missing cells too. Here
measured flowers with their species, some of it lost; of each, data and samples side by side.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_iris

import reparam

iris = load_iris(as_frame=True)
flowers = iris.data.assign(species=iris.target_names[iris.target])
lost = np.random.default_rng(0).random(len(flowers)) < 0.1
flowers.loc[lost, "sepal width (cm)"] = None

table = reparam.data.Dataset.of(flowers, labels="none")  # the species is a column like the others
run = reparam.fit("vae", table, latent_dim=2, steps=600, progress=reparam.training.Silent())
made = run.sample(150).frame()
print(made.head())

figure, panels = plt.subplots(1, 2, figsize=(8, 3.6), sharex=True, sharey=True, layout="constrained")
for axes, rows, title in zip(panels, (flowers, made), ("data", "samples"), strict=True):
    for name, group in rows.groupby("species"):
        axes.scatter(group["sepal length (cm)"], group["petal length (cm)"], s=12, label=name)
    axes.set(title=title, xlabel="sepal length (cm)", ylabel="petal length (cm)")
panels[0].legend()
