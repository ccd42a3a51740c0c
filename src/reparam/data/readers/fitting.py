"""Images of any shape brought to one square."""

import math
from typing import TYPE_CHECKING

import numpy as np

from reparam.data.readers.modes import Look, Values

if TYPE_CHECKING:
    from PIL import Image


def fitted(image: "Image.Image", look: Look) -> "Image.Image":
    """An image as the square that was asked for, by Lanczos' filter.

    ``crop``: the shorter side scaled and the square in the centre cut out; ``pad``: the longer side scaled and the rest
    left to the background; ``stretch``: each side scaled by itself.

    Padding of one band is the background's grey; of ``F``, whose white is not known yet, NaN.
    """
    from PIL import Image, ImageOps

    size, filter = look.size, Image.Resampling.LANCZOS
    if size is None or image.size == (size, size):
        return image
    if look.fit == "stretch":
        return image.resize((size, size), filter)
    if look.fit == "crop":
        return ImageOps.fit(image, (size, size), filter)
    width, height = (max(1, round(size * side / max(image.size))) for side in image.size)
    canvas = Image.new(image.mode, (size, size), _behind(image.mode, look))
    canvas.paste(image.resize((width, height), filter), ((size - width) // 2, (size - height) // 2))
    return canvas


def fitted_values(values: Values, look: Look) -> Values:
    """The same of values ``(height, width, channels)``, each channel by itself; whole numbers stay whole.

    Lanczos' filter swings over at edges: what is beyond a channel's smallest and largest value is brought back.
    """
    from PIL import Image

    if look.size is None or values.shape[:2] == (look.size, look.size):
        return values
    layers = []
    for channel in np.moveaxis(values, -1, 0):
        if channel.dtype == np.uint8:
            layers.append(np.asarray(fitted(Image.fromarray(channel), look)))
            continue
        scaled = np.array(fitted(Image.fromarray(channel.astype(np.float32)), look))
        scaled = scaled.clip(channel.min(), channel.max())
        layers.append(np.rint(scaled) if (channel == np.rint(channel)).all() else scaled)
    return np.stack(layers, -1)


def cut_off(width: int, height: int) -> float:
    """The share of an image that is lost where the square in its centre is cut out.

    >>> cut_off(300, 100)
    0.6666666666666667
    """
    return 1 - min(width, height) / max(width, height)


def grey_of(colour: tuple[int, int, int]) -> int:
    """How bright a colour is, 0 to 255, as Pillow has it (ITU-R 601-2)."""
    red, green, blue = colour
    return math.floor((red * 19595 + green * 38470 + blue * 7471 + 0x8000) / 0x10000)


def _behind(mode: str, look: Look) -> float | tuple[int, int, int]:
    if mode == "F":
        return math.nan
    return look.background if mode == "RGB" else grey_of(look.background)
