"""Classes that a split at random has left without an example to test by, said when the data are read."""

from collections.abc import Sequence

import numpy as np

from reparam.data.columns.wording import listed
from reparam.data.dataset import Split
from reparam.data.reading import label_pieces, split_note


def lacking(splits: Sequence[Split], classes: Sequence[str], notes: Sequence[str], seed: int) -> tuple[str, ...]:
    """A sentence where the test split has no example of some class, and chance has drawn it.

    Args:
        splits: train, validation and test.
        classes: the labels' names.
        notes: what was noted of the split; only one at random could be drawn by class instead.
        seed: of that split.

    >>> import torch
    >>> parts = [Split(torch.zeros(len(y), 2), torch.tensor(y)) for y in ([0, 1, 2, 2], [1, 0], [0, 0])]
    >>> lacking(parts, ["ant", "bee", "cow"], [split_note(seed=3)], seed=3)
    ('the test split has none of class bee, cow: split_by="stratified" keeps the shares of the classes',)
    >>> lacking(parts, ["ant", "bee", "cow"], ["split by files"], seed=3)
    ()
    """
    if split_note(seed) not in notes or any(split.y is None for split in splits):
        return ()
    seen = [{code for y in label_pieces(split) for code in np.unique(y.numpy()).tolist()} - {-1} for split in splits]
    gone = [name for code, name in enumerate(classes) if code in set.union(*seen) - seen[-1]]
    if not gone:
        return ()
    return (f'the test split has none of class {listed(gone)}: split_by="stratified" keeps the shares of the classes',)
