"""A data set's fingerprint: SHA-256 over the contents of its splits, the same on every machine.

Splits of more than 256 MB together are sampled: their shapes and ``SAMPLED_ROWS`` rows of each, evenly spaced.
"""

import hashlib
from collections.abc import Iterator

import torch

from reparam.data.dataset import Split
from reparam.data.reading import chunks, label_pieces, row_bytes, rows_of

WHOLE_BYTES = 256 * 2**20
SAMPLED_ROWS = 4096


def fingerprint(splits: dict[str, Split]) -> str:
    """64 hexadecimal digits over names, shapes, dtypes, rows and labels of the raw splits."""
    digest = hashlib.sha256()
    whole = sum(len(split) * row_bytes(split.x) for split in splits.values()) <= WHOLE_BYTES
    for name, split in splits.items():
        digest.update(f"{name} {tuple(split.x.shape)} {split.x.dtype} {'whole' if whole else 'sampled'}".encode())
        for rows in row_chunks(split, whole):
            digest.update(rows_of(split.x, rows).numpy().data)
        for y in label_pieces(split):
            digest.update(y.numpy().data)
    return digest.hexdigest()


def row_chunks(split: Split, whole: bool) -> Iterator[torch.Tensor]:
    """Row numbers to read piece by piece: all of them, or ``SAMPLED_ROWS`` evenly spaced."""
    if whole or len(split) <= SAMPLED_ROWS:
        return chunks(split.x)
    return chunks(split.x, torch.arange(SAMPLED_ROWS) * len(split) // SAMPLED_ROWS)
