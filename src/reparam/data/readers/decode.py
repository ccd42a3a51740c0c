"""One image file to values the way it is meant to be looked at, and what is worth knowing of it."""

import math
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from reparam.data.readers.fitting import fitted, fitted_values
from reparam.data.readers.modes import Look, Values, chosen, deep_values, is_deep, is_grey, of_bands, shown
from reparam.data.readers.opening import Broken, check_whole, count_frames, frames, opened, orientation
from reparam.data.readers.tiff import read_tiff

if TYPE_CHECKING:
    from PIL import Image

#: How an image is turned upright, by its EXIF orientation: the values of Pillow's ``Transpose``.
TURNS = {2: 0, 3: 3, 4: 1, 5: 5, 6: 4, 7: 6, 8: 2}
SIDEWAYS = (5, 6, 7, 8)
#: Pixels from which only one image is decoded at a time, whatever the number of threads.
LARGE = 2**24
_ONE_AT_A_TIME = threading.Lock()


@dataclass(frozen=True)
class Facts:
    """What is known of a picture.

    Args:
        size: ``(width, height)`` upright, as the file has it.
        channels: 1 where it is grey, 3 of colours, others where bands are kept.
        deep: its values have more than 8 bits.
        fractions: they are floating-point numbers.
        frames: how many pictures its file holds.
        transparent: some of it is.
        loses_bits: it has colours of 16 bits, of which 8 were read.
        lost_exif: its EXIF block could not be read.
        reduced: it is so large that it was decoded at a fraction of its size.
        turn: its EXIF orientation; 1: it lies upright.
        ends: its smallest and largest value, where these have more than 8 bits and were decoded.
    """

    size: tuple[int, int]
    channels: int
    deep: bool = False
    fractions: bool = False
    frames: int = 1
    transparent: bool = False
    loses_bits: bool = False
    lost_exif: bool = False
    reduced: bool = False
    turn: int = 1
    ends: tuple[float, float] | None = None


def pictures(file: IO[bytes], name: str, look: Look) -> Iterator[tuple[Facts, Values]]:
    """The pictures of a file, each with its values ``(height, width, channels)``: uint8, or float32 where deeper.

    They are turned upright as the EXIF orientation says, laid on the background where they are transparent, and brought
    to the size that is asked for.

    Raises:
        Broken: if the file holds no picture that is read.
    """
    image = _opened(file, name, look)
    if isinstance(image, np.ndarray):
        yield _banded(image), fitted_values(image, look)
        return
    with image, _turn(image):
        for _ in frames(image, look.frames == "all"):
            yield decoded(image, look)


def picture(file: IO[bytes], name: str, look: Look, place: int) -> tuple[Facts, Values]:
    """One of a file's pictures, as :func:`pictures` gives it."""
    image = _opened(file, name, look)
    if isinstance(image, np.ndarray):
        return _banded(image), fitted_values(image, look)
    with image, _turn(image):
        for at, _ in enumerate(frames(image, look.frames == "all")):
            if at == place:
                return decoded(image, look)
    raise Broken(f"it has no picture {place + 1}")


def heads(file: IO[bytes], name: str, look: Look) -> list[Facts]:
    """What is known of a file's pictures, decoded only where their colours cannot be known otherwise.

    Raises:
        Broken: if the file holds no picture that is read, or is cut short.
    """
    image = _opened(file, name, look)
    if isinstance(image, np.ndarray):
        return [_banded(image)]
    with image:
        found = [_facts(image, look, _loses_bits(image)) for _ in frames(image, look.frames == "all")]
        check_whole(file, image.format)
        return found


def _opened(file: IO[bytes], name: str, look: Look) -> "Image.Image | Values":
    """An image, or the values of a TIFF file of more channels than Pillow reads."""
    try:
        return opened(file, name, look.size)
    except Broken:
        file.seek(0)
        if (values := read_tiff(file)) is None:
            raise
        return of_bands(values, look.bands)


def _banded(values: Values) -> Facts:
    height, width, channels = values.shape
    fractions = values.dtype != np.uint8 and bool((values != np.rint(values)).any())
    return Facts((width, height), channels, values.dtype != np.uint8, fractions, ends=_ends(values))


def _ends(values: Values) -> tuple[float, float] | None:
    return None if values.dtype == np.uint8 else (float(values.min()), float(values.max()))


def decoded(image: "Image.Image", look: Look) -> tuple[Facts, Values]:
    """The picture that one of Pillow's images is set to, as :func:`pictures` gives it."""
    loses_bits = _loses_bits(image)  # told by how its pixels lie in the file, which is forgotten once they are read
    image.load()
    facts = _facts(image, look, loses_bits)
    turned = image if facts.turn == 1 else image.transpose(TURNS[facts.turn])  # type: ignore[arg-type]
    if facts.deep or look.bands:
        values = chosen(turned, look.bands) if look.bands else deep_values(turned)[..., None]
        return replace(facts, ends=_ends(values)), fitted_values(values, look)
    pixels = np.asarray(fitted(shown(turned, look, facts.channels == 1, facts.transparent), look))
    return facts, pixels if pixels.ndim == 3 else pixels[..., None]


def _facts(image: Any, look: Look, loses_bits: bool) -> Facts:
    turn, whole_exif = orientation(image)
    deep = is_deep(image)
    if look.bands:
        channels = len(look.bands)
    elif look.mode == "auto":
        channels = 1 if deep or is_grey(image, look) else 3
    else:
        channels = 1 if deep or look.mode == "grey" else 3
    return Facts(
        size=image.size[::-1] if turn in SIDEWAYS else image.size,
        channels=channels,
        deep=deep,
        fractions=image.mode == "F",
        frames=count_frames(image),
        transparent=image.has_transparency_data,
        loses_bits=loses_bits,
        lost_exif=not whole_exif,
        reduced="reduced" in image.info,
        turn=turn,
    )


def _loses_bits(image: Any) -> bool:
    """Whether Pillow reads 8 of an image's 16 bits."""
    return not is_deep(image) and any(";16" in str(tile[-1]) for tile in getattr(image, "tile", ()))


def _turn(image: "Image.Image") -> AbstractContextManager[object]:
    """What lets one large image be decoded at a time."""
    return _ONE_AT_A_TIME if math.prod(image.size) > LARGE else nullcontext()
