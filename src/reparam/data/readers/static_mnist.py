"""The bundled static binarization of MNIST, to which published likelihoods belong, with its licence beside it."""

import hashlib
from pathlib import Path

import numpy as np
import torch

from reparam.data.dataset import Split
from reparam.data.reading import Reading
from reparam.errors import UserError

FILE = Path(__file__).parent.parent / "bundled" / "static-mnist" / "binarized_mnist.npz"
SHA256 = "7a049ae3a0d88e964af4b41bbdb14e4303595e1c5de65f8bd2455cdcebb3514b"
SHAPE = (1, 28, 28)


def read_static_mnist(file: Path = FILE) -> Reading:
    """50,000 images train, 10,000 validate, 10,000 test, each pixel 0 or 1 once and for all; no labels.

    Raises:
        UserError: When the file is missing or its SHA-256 is not the one recorded here.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UserError(f"{file} cannot be read ({error.strerror}): install reparam again.") from None
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise UserError(f"{file} is damaged, its SHA-256 is not the recorded one: install reparam again.")
    with np.load(file, allow_pickle=False) as arrays:
        names = {"train": "train", "validation": "valid", "test": "test"}
        splits = {name: Split(torch.from_numpy(arrays[key]).reshape(-1, *SHAPE)) for name, key in names.items()}
    notes = ("each pixel was drawn once by H. Larochelle: compare likelihoods with those of the same file only",)
    return Reading("static-mnist", splits, SHAPE, low=0.0, high=1.0, binary=True, notes=notes)
