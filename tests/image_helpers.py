"""Pictures in files, for the tests of what reads them."""

import io

import numpy as np
from PIL import Image

from reparam.data.readers.decode import picture
from reparam.data.readers.modes import Look

RNG = np.random.default_rng(4)


def grey(height=8, width=9):
    return RNG.integers(0, 256, (height, width), dtype=np.uint8)


def colour(height=8, width=9):
    return RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)


def fill(folder, n=10, make=grey, suffix=".png"):
    """``n`` random images in a folder; returns them as arrays, in the order of their names."""
    folder.mkdir(parents=True, exist_ok=True)
    images = [make() for _ in range(n)]
    for i, image in enumerate(images):
        Image.fromarray(image).save(folder / f"{i:03}{suffix}")
    return images


def pixels(file, name=None, place=0, **look):
    """What is read of a file, ``(height, width, channels)``."""
    with file.open("rb") as opened:
        return picture(opened, name or file.name, Look(**look), place)[1]


def seen(image, form="PNG", place=0, look=(), **options):
    """What is read of an image that was written, ``(height, width, channels)``."""
    file = io.BytesIO()
    image.save(file, form, **options)
    file.seek(0)
    return picture(file, f"a.{form.lower()}", Look(**dict(look)), place)[1]


def everything(data):
    """All raw examples of a data set, split by split, as one array."""
    return np.concatenate([np.asarray(split.x) for split in data.splits.values()])


def noted(data, part):
    """The one note that holds some words."""
    (found,) = [note for note in data.notes if part in note]
    return found
