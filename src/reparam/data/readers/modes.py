"""The values of an image of any of Pillow's modes: grey or colour, of 8 bits or deeper."""

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from reparam.data.readers.opening import Broken
from reparam.errors import UserError
from reparam.settings import ReadingConfig

if TYPE_CHECKING:
    from PIL import Image

Values = NDArray[Any]
#: Modes of whole numbers of more than 8 bits.
DEEP = {"I", "I;16", "I;16L", "I;16B", "I;16N"}
GREY = {"1", "L", "LA", "La", *DEEP, "F"}
PALETTE = {"P", "PA"}
#: Modes that are made another before anything else.
PLAIN = {"1": "L", "La": "LA", "RGBa": "RGBA", "RGBX": "RGB", "CMYK": "RGB", "YCbCr": "RGB", "HSV": "RGB"}
WHITE = (255, 255, 255)


@dataclass(frozen=True)
class Look:
    """What is wanted of every image.

    Args:
        mode: grey, colour, or auto: as each file is.
        background: what transparent images are laid on, as red, green and blue.
        bands: channels that are kept instead, counted from 1.
        size: the side of the square that images are brought to; None: they stay as they are.
        fit: how images of another shape become square.
        frames: the first picture of each file, or all.
    """

    mode: Literal["auto", "grey", "colour"] = "auto"
    background: tuple[int, int, int] = WHITE
    bands: tuple[int, ...] = ()
    size: int | None = None
    fit: Literal["crop", "pad", "stretch"] = "crop"
    frames: Literal["first", "all"] = "first"

    @classmethod
    def of(cls, how: ReadingConfig) -> "Look":
        """What was asked for.

        Raises:
            UserError: if the background is no colour, or a band is none.
        """
        if any(band < 1 for band in how.bands):
            raise UserError(f"bands={how.bands} will not do: channels are counted from 1")
        return cls(how.image_mode, colour(how.background), how.bands, how.image_size, how.fit, how.frames)


def colour(name: str) -> tuple[int, int, int]:
    """A colour as red, green and blue.

    Raises:
        UserError: if it is none.

    >>> colour("white"), colour("#102030")
    ((255, 255, 255), (16, 32, 48))
    """
    from PIL import ImageColor

    try:
        red, green, blue, *_ = ImageColor.getrgb(name)
    except ValueError:
        raise UserError(f"background={name!r} is no colour: give a name such as black, or #rrggbb") from None
    return red, green, blue


def is_deep(image: "Image.Image") -> bool:
    """Whether values are kept as they are, since they have more than 8 bits."""
    return image.mode in DEEP or image.mode == "F"


def is_grey(image: "Image.Image", look: Look) -> bool:
    """Whether an image has no colours, its palette and what it is laid on included."""
    uncovered = image.has_transparency_data or (look.size is not None and look.fit == "pad")
    if uncovered and len(set(look.background)) > 1:
        return False
    return image.mode in GREY or (image.mode in PALETTE and _has_grey_palette(image))


def _has_grey_palette(image: "Image.Image") -> bool:
    colours = np.asarray(image.convert("RGBA"))[..., :3]
    return bool((colours == colours[..., :1]).all())


def deep_values(image: "Image.Image") -> Values:
    """The grey values of an image of more than 8 bits, ``(height, width)`` float32.

    Raises:
        Broken: if some are no numbers.
    """
    values = np.asarray(image).astype(np.float32)
    if not np.isfinite(values).all():
        raise Broken("some of its values are NaN or infinite")
    return values


def shown(image: "Image.Image", look: Look, grey: bool, transparent: bool) -> "Image.Image":
    """An image of 8 bits as it is looked at, opaque: of mode ``L`` or ``RGB``."""
    image = plain(image)
    if transparent:
        image = _over(image.convert("RGBA"), look.background)
    mode = "L" if grey else "RGB"
    return image if image.mode == mode else image.convert(mode)


def _over(image: "Image.Image", background: tuple[int, int, int]) -> "Image.Image":
    from PIL import Image

    return Image.alpha_composite(Image.new("RGBA", image.size, (*background, 255)), image)


def chosen(image: "Image.Image", bands: tuple[int, ...]) -> Values:
    """Some channels of an image as it is stored, ``(height, width, bands)``.

    Raises:
        UserError: if it has not as many.
    """
    image = plain(image)
    if image.mode in PALETTE:
        image = image.convert("RGBA" if image.has_transparency_data else "RGB")
    values = np.atleast_3d(deep_values(image) if is_deep(image) else np.asarray(image))
    return of_bands(values, bands)


def of_bands(values: Values, bands: tuple[int, ...]) -> Values:
    """Some channels, counted from 1, of ``(height, width, channels)``.

    Raises:
        UserError: if there are not as many.
    """
    if bands and max(bands) > values.shape[-1]:
        raise UserError(f"bands={bands} will not do: there are images of {values.shape[-1]} channels")
    return values[..., [band - 1 for band in bands]] if bands else values


def plain(image: "Image.Image") -> "Image.Image":
    """An image in one of the modes that everything is known of."""
    if image.mode == "LAB":
        from PIL import ImageCms

        return ImageCms.applyTransform(image, _from_lab())  # type: ignore[return-value]
    return image.convert(PLAIN[image.mode]) if image.mode in PLAIN else image


@functools.cache
def _from_lab() -> Any:
    from PIL import ImageCms

    return ImageCms.buildTransform(ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB"), "LAB", "RGB")
