"""A picture, kept whole inside the page."""

import base64
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from reparam.door import present, require_regular
from reparam.errors import UserError

_PNG = b"\x89PNG\r\n\x1a\n"
_PLAIN_IN_ADDRESS = ",;:/?@!$()*+="
"""What a ``data:`` address may hold as it is, less what HTML would escape at greater length."""


@dataclass(frozen=True)
class Picture:
    """A picture with what it shows and the command that makes it alone.

    Args:
        image: PNG bytes, or the path of a PNG file, read when the page is rendered.
        caption: what one sees.
        alt: the same for those who do not see it; not empty.
        command: what to type to make this picture alone.
        numbers_csv: the numbers behind the picture as CSV text, kept in the page under a link.
    """

    image: bytes | str | Path
    caption: str
    alt: str
    command: str | None = None
    numbers_csv: str | None = None

    def __post_init__(self) -> None:
        if not self.alt.strip():
            raise ValueError("a picture needs an alternative text that says what it shows")

    @property
    def png(self) -> bytes:
        """The picture's file.

        Raises:
            UserError: where it cannot be read or is not PNG.
        """
        data = self.image if isinstance(self.image, bytes) else _read(Path(self.image))
        if not data.startswith(_PNG) or len(data) < 24:
            raise UserError(f"{self.name} cannot be put on the page: not a PNG picture.")
        return data

    @property
    def name(self) -> str:
        """What a message calls the picture."""
        return "The bytes given" if isinstance(self.image, bytes) else str(self.image)

    @property
    def source(self) -> str:
        """The picture as a ``data:`` address."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, from the file's head, so that the page need not jump while it loads."""
        head = self.png[16:24]
        return int.from_bytes(head[:4], "big"), int.from_bytes(head[4:], "big")

    @property
    def numbers(self) -> str | None:
        """The CSV text as a ``data:`` address."""
        return csv_address(self.numbers_csv)


def csv_address(text: str | None) -> str | None:
    """CSV text as a ``data:`` address, whose digits and commas stand as they are: base64 adds a third."""
    return (
        None if text is None else f"data:text/csv;charset=utf-8,{quote(text, safe=_PLAIN_IN_ADDRESS, errors='replace')}"
    )


def _read(path: Path) -> bytes:
    """A file's bytes, or the sentence that says why not."""
    if present(path):
        require_regular(path)  # a pipe would be waited for
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"The picture {path} cannot be read: {error.strerror or error}.") from error
