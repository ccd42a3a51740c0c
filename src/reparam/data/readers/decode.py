"""One image file to 8-bit values, grey or colour, the way it is meant to be looked at."""

import functools
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch

from reparam.errors import UserError

if TYPE_CHECKING:
    from PIL import Image

#: Formats that Pillow hands to another program (EPS to Ghostscript) or cannot decode by itself.
LEFT_OUT = {"EPS", "WMF", "HDF5", "GRIB", "BUFR", "MPEG"}
SIXTEEN_BITS = {"I", "I;16", "I;16L", "I;16B", "I;16N"}
GREY = {"1", "L", "LA", "La", *SIXTEEN_BITS}
ORIENTATION, SIDEWAYS = 0x0112, (5, 6, 7, 8)


class Header(NamedTuple):
    """What is known of an image before it is decoded: its size once upright, and whether it has colours."""

    width: int
    height: int
    grey: bool


@functools.cache
def formats() -> tuple[str, ...]:
    """The formats read, in Pillow's names."""
    from PIL import Image

    Image.init()
    return tuple(sorted(set(Image.OPEN) - LEFT_OUT))


@functools.cache
def suffixes() -> frozenset[str]:
    """The file name endings taken for images, in lower case, dot included."""
    from PIL import Image

    known = set(formats())
    return frozenset(suffix for suffix, name in Image.registered_extensions().items() if name in known)


def read_header(path: Path) -> Header:
    """Size and colour of an image.

    Raises:
        UserError: When the file is no readable image, or so large that it is taken for a decompression bomb.
    """
    from PIL import Image

    with _named(path), warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with Image.open(path, formats=formats()) as image:
            width, height = image.size
            # Pillow itself turns a TIFF upright, and gives the size it has then.
            if image.format != "TIFF" and image.getexif().get(ORIENTATION) in SIDEWAYS:
                width, height = height, width
            return Header(width, height, image.mode in GREY or (image.mode in ("P", "PA") and _has_grey_palette(image)))


def decode(path: Path, channels: int, size: int | None = None) -> torch.Tensor:
    """The image as ``(channels, height, width)`` uint8: grey when ``channels`` is 1, red, green, blue when it is 3.

    It is turned upright as its EXIF orientation says, laid on white where it is transparent, and, with ``size``, scaled
    until its shorter side has that many pixels and cut to the square in its centre.

    Raises:
        UserError: When the file is truncated or otherwise cannot be decoded.
    """
    from PIL import Image, ImageOps

    with _named(path), Image.open(path, formats=formats()) as file:
        image = _on_white(_eight_bits(ImageOps.exif_transpose(file)))
        image = image.convert("L" if channels == 1 else "RGB")
        if size is not None and image.size != (size, size):
            image = ImageOps.fit(image, (size, size), Image.Resampling.LANCZOS)
        pixels = np.array(image).reshape(image.height, image.width, channels)
        return torch.from_numpy(np.ascontiguousarray(np.moveaxis(pixels, -1, 0)))


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Whatever Pillow raises on a bad file, and it raises nearly everything, becomes a refusal that names the file."""
    try:
        yield
    except Exception as error:
        raise UserError(f"{str(path)!r} cannot be read as an image ({error}): mend it or remove it.") from error


def _has_grey_palette(image: "Image.Image") -> bool:
    colours = np.asarray(image.convert("RGB"))
    return bool((colours == colours[..., :1]).all())


def _eight_bits(image: "Image.Image") -> "Image.Image":
    """16-bit grey values scaled to 8 bits (65535 to 255); other images as they are."""
    from PIL import Image

    if image.mode == "F":
        raise ValueError("its pixels are floating-point numbers; save such images as .npy")
    if image.mode not in SIXTEEN_BITS:
        return image
    values = np.asarray(image).astype(np.int64)
    if values.min() < 0 or values.max() > 65535:
        raise ValueError("its grey values are not of 16 bits")
    return Image.fromarray(((values + 128) // 257).astype(np.uint8))


def _on_white(image: "Image.Image") -> "Image.Image":
    from PIL import Image

    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
