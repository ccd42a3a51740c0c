"""
Eight modes on a ring
=====================

A GAN whose discriminator is penalized, for some seconds, on eight narrow blobs. How many of them has it found? The
default of 14,000 steps finds all.
"""

import reparam

run = reparam.fit("gan", "ring", steps=800, progress=reparam.training.Silent())
samples = reparam.sample(run, 1000)
print(samples.numbers["x"].shape)

figure = samples.figure()
