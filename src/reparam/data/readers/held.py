"""Pillow's images that Python code holds, as a data set of torch or Hugging Face gives them: read as files would be."""

import sys
from collections.abc import Sequence
from typing import Any

import numpy as np

from reparam.data.readers.decode import decoded
from reparam.data.readers.files import why
from reparam.data.readers.modes import Look, Values
from reparam.errors import UserError


def is_picture(given: Any) -> bool:
    """Whether it is one of Pillow's images, which nobody has who has not imported it."""
    pillow = sys.modules.get("PIL.Image")
    return pillow is not None and isinstance(given, pillow.Image)


def held(images: Sequence[Any], where: str) -> list[np.ndarray]:
    """Images as arrays: grey ``(height, width)`` where all are, else ``(height, width, 3)``.

    Raises:
        UserError: if one cannot be decoded.

    >>> from PIL import Image
    >>> [one.shape for one in held([Image.new("L", (4, 3)), Image.new("P", (4, 3))], "two images")]
    [(3, 4), (3, 4)]
    """
    values = []
    for place, image in enumerate(images):
        try:
            values.append(decoded(image, Look())[1])
        except Exception as error:  # Pillow raises nearly everything at a bad file
            raise UserError(f"image {place} of {where} cannot be decoded ({why(error)}): leave it out") from error
    channels = max((one.shape[-1] for one in values), default=1)
    return [_plain(np.broadcast_to(one, (*one.shape[:2], channels))) for one in values]


def _plain(values: Values) -> np.ndarray:
    """Whole numbers as such, so that they are known to be of more than 8 bits."""
    flat = values[..., 0] if values.shape[-1] == 1 else values
    if flat.dtype == np.uint8 or (flat != np.rint(flat)).any():
        return flat
    return flat.astype(np.int32)
