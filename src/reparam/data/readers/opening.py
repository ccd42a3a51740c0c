"""An image file opened: which formats are, how large one may be, and what stands in its head."""

import functools
import math
import re
from collections.abc import Iterator
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from PIL import Image

#: Formats that Pillow hands to another program (EPS to Ghostscript) or cannot decode by itself.
LEFT_OUT = {"EPS", "WMF", "HDF5", "GRIB", "BUFR", "MPEG"}
#: Formats whose files hold pictures one after the other; those of others are previews, layers and depth maps.
IN_ROWS = {"GIF", "TIFF", "PNG", "WEBP", "AVIF", "FLI", "DCX"}
#: How the common formats begin.
BEGINNINGS = re.compile(
    rb"\x89PNG\r\n\x1a\n|\xff\xd8\xff|GIF8[79]a|RIFF....WEBP|II\*\x00|MM\x00\*|BM....\x00\x00\x00\x00"
    rb"|\x00\x00\x00\x0cjP  |....ftypavif|P[1-6][\s#]",
    re.DOTALL,
)
#: How a whole file of the format ends; what is cut short ends otherwise.
ENDINGS = {"JPEG": b"\xff\xd9", "MPO": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82", "GIF": b"\x3b"}
TAIL = 64 * 2**10
ORIENTATION, REDUCED = 0x0112, 0x00FE
MOST_FRAMES = 100_000


class Broken(Exception):
    """A file holds no picture that can be read; the message says why."""


@functools.cache
def formats(first: str = "") -> tuple[str, ...]:
    """The formats read, in Pillow's names; one may be named to be tried first."""
    from PIL import Image

    Image.init()
    return tuple(sorted(set(Image.OPEN) - LEFT_OUT, key=lambda name: (name != first, name)))


@functools.cache
def suffixes() -> dict[str, str]:
    """The file name endings taken for images, in small letters and with the dot, and their formats."""
    from PIL import Image

    known = set(formats())
    return {suffix: name for suffix, name in Image.registered_extensions().items() if name in known}


def begins_like_an_image(first: bytes) -> bool:
    """Whether the first 16 bytes of a file are those of a common format."""
    return BEGINNINGS.match(first) is not None


def opened(file: IO[bytes], name: str, size: int | None) -> "Image.Image":
    """An image, nothing of it decoded yet.

    Args:
        file: its bytes.
        name: whose ending says which format is tried first.
        size: the side that it is to be brought to, so that much larger ones may be read in reduced form.

    Raises:
        Broken: if it is no image, or larger than may be read.
    """
    from PIL import Image, UnidentifiedImageError

    ending = name[name.rfind(".") :].lower()
    order = formats(suffixes().get(ending, ""))
    try:
        image: Image.Image = Image.open(file, formats=order)
    except Image.DecompressionBombError:
        image = _unchecked(file, order)
    except UnidentifiedImageError:
        raise Broken("it is of no format that is read") from None
    most = Image.MAX_IMAGE_PIXELS
    if most is not None and math.prod(image.size) > most:
        _reduce(image, size, most)
        image.info["reduced"] = True
    return image


def _unchecked(file: IO[bytes], order: tuple[str, ...]) -> "Image.Image":
    """What :func:`PIL.Image.open` does, for images beyond its limit: the head is read, and the size judged then."""
    from PIL import Image

    file.seek(0)
    prefix = file.read(16)
    for name in order:
        factory, accepts = Image.OPEN[name]
        if accepts is not None and accepts(prefix) is True:
            file.seek(0)
            return factory(file, "")
    raise Broken("it is of no format that is read")


def _reduce(image: Any, size: int | None, most: int) -> None:
    """Have a very large image decoded at a fraction of its size, which JPEG and JPEG 2000 allow.

    Raises:
        Broken: if it cannot be, or stays too large.
    """
    width, height = image.size
    told = f"{width}x{height} (width x height) are more than {most:,} pixels"
    if size is None:
        raise Broken(f"{told}: give image_size=... to read it in reduced form")
    enough = 2 * size / min(width, height)  # twice what is needed, so that scaling has something to average
    if image.format == "JPEG2000":
        image.reduce = max(0, int(math.log2(1 / enough))) if enough < 1 else 0
        width, height = (math.ceil(side / 2**image.reduce) for side in image.size)
    elif not (image.info.get("progressive") and width * height > 2 * most):  # which is decoded whole all the same
        image.draft(None, (math.ceil(width * enough), math.ceil(height * enough)))
        width, height = image.size
    if width * height > (most if image.format in ("JPEG", "MPO", "JPEG2000") else 2 * most):
        raise Broken(f"{told}, and {image.format} is not read in reduced form: make it smaller")


def orientation(image: "Image.Image") -> tuple[int, bool]:
    """How an image is turned (1: upright), and whether its EXIF block could be read."""
    if image.format == "TIFF":  # Pillow turns it upright itself
        return 1, True
    from PIL import Image

    try:
        if block := image.info.get("exif"):
            Image.Exif().load(block)  # that of a JPEG was looked at when it was opened, and its errors forgotten
        return int(image.getexif().get(ORIENTATION, 1)), True
    except Exception:  # Pillow raises nearly everything at a block that is none
        return 1, False


def frames(image: Any, every: bool) -> Iterator[int]:
    """The places of an image's pictures, the image set to each in turn; the first alone unless every one is asked for.

    Reduced copies of a page, which TIFF files may hold, are left out.
    """
    yield 0
    for place in range(1, count_frames(image) if every else 1):
        image.seek(place)
        if image.format != "TIFF" or not image.tag_v2.get(REDUCED, 0) & 1:
            yield place


def count_frames(image: Any) -> int:
    """How many pictures a file holds.

    Raises:
        Broken: if there are absurdly many.
    """
    count = int(getattr(image, "n_frames", 1)) if image.format in IN_ROWS else 1
    if count > MOST_FRAMES:
        raise Broken(f"it holds {count:,} pictures, more than {MOST_FRAMES:,}")
    return count


def check_whole(file: IO[bytes], form: str | None) -> None:
    """Make sure that a file ends as its format does.

    Raises:
        Broken: if it is cut short.
    """
    ending = ENDINGS.get(form or "")
    if ending is None:
        return
    end = file.seek(0, 2)
    file.seek(max(0, end - TAIL))
    if ending not in file.read():
        raise Broken("it is cut short")
