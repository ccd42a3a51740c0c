"""Data that nobody tuned for, and a comparison that takes seconds."""

import numpy as np

SMALL = ("--epochs", "1", "--count", "100", "--images", "10", "--quiet")


RNG = np.random.default_rng(0)


def blobs(n, height, width, channels=1):
    """Images of a bright spot on dark ground, as uint8, and the half it is in."""
    rows, columns = np.mgrid[:height, :width]
    y, x = RNG.uniform(0, height, n), RNG.uniform(0, width, n)
    spots = np.exp(-((rows - y[:, None, None]) ** 2 + (columns - x[:, None, None]) ** 2) / 6)
    colours = RNG.uniform(0.5, 1, (n, 1, 1, channels)) * 255
    return (spots[..., None] * colours).astype(np.uint8), (x > width / 2).astype(np.uint8)
