"""Fashion-MNIST: 70,000 grey images of clothes, 28x28, from a folder, a Debian package, or a download kept in a cache.

Xiao, Rasul and Vollgraf, "Fashion-MNIST: a novel image dataset for benchmarking machine learning algorithms", 2017;
MIT licence.
"""

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from reparam.data.readers import idx
from reparam.data.readers.download import download
from reparam.data.reading import Reading
from reparam.door import user_cache
from reparam.errors import UserError

#: Where the Debian package dataset-fashion-mnist puts the files.
PACKAGE = Path("/usr/share/datasets/fashion-mnist")
MIRRORS = (
    "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
    "https://storage.googleapis.com/tensorflow/tf-keras-datasets/",
)
#: Bytes of a file, of which the largest has 26 MB.
MOST = 2**26
#: Of the contents, ungzipped: the mirrors and the package compress the same contents differently.
UNPACKED_SHA256 = {
    idx.TRAIN_IMAGES: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    idx.TRAIN_LABELS: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    idx.TEST_IMAGES: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    idx.TEST_LABELS: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}
CLASSES = ("T-shirt/top", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")


def read_fashion(folder: str | None = None, mirrors: tuple[str, ...] = MIRRORS) -> Reading:
    """50,000 images train, the last 10,000 of the training file validate, 10,000 test.

    Looked for in ``folder`` when one is given; else in ``$REPARAM_DATA/fashion-mnist`` or ``$REPARAM_DATA``, in the
    Debian package dataset-fashion-mnist, and in the user's cache, into which they are downloaded at last.

    Raises:
        UserError: When the folder has not the files, their contents are not those published, or no mirror answers.
    """
    if folder is not None:
        if not idx.is_idx_folder(Path(folder)):
            raise UserError(f"{folder!r} does not hold Fashion-MNIST: give the folder of {idx.TRAIN_IMAGES}.gz and the "
                            f"three other files.")  # fmt: skip
        return _read(Path(folder))
    for place in places():
        if all(idx.find(place, name) for name in UNPACKED_SHA256):
            return _read(place)
    return _read(_fetch(mirrors))


def places() -> Iterator[Path]:
    """The folders looked into, in order; the last is the cache, which a user without a home has not."""
    if given := os.environ.get("REPARAM_DATA"):
        yield from (Path(given) / "fashion-mnist", Path(given))
    yield PACKAGE
    yield cache()


def cache() -> Path:
    """The folder downloads are kept in: ``$XDG_CACHE_HOME/reparam/fashion-mnist``, by default under ``~/.cache``."""
    return user_cache() / "reparam" / "fashion-mnist"


def _read(folder: Path) -> Reading:
    reading = idx.read_four(folder, "fashion-mnist", UNPACKED_SHA256, packed=False)
    return replace(reading, classes=CLASSES, notes=(f"read from {folder}", *reading.notes))


def _fetch(mirrors: tuple[str, ...]) -> Path:
    folder = cache()
    for name, sha256 in UNPACKED_SHA256.items():
        if idx.find(folder, name):
            continue
        urls = [mirror + f"{name}.gz" for mirror in mirrors]

        def check(path: Path, sha256: str = sha256) -> None:
            idx.read_idx(path, unpacked_sha256=sha256)

        try:
            download(urls, folder / f"{name}.gz", check, MOST)
        except UserError as error:
            raise UserError(f"Fashion-MNIST could not be downloaded ({error}): install the Debian package "
                            f"dataset-fashion-mnist, or give a folder as fashion-mnist:FOLDER.") from error  # fmt: skip
    return folder
