"""Which rows train, validate and test where more than chance is heeded: classes, groups, a column that says so."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
import torch

from reparam.data.reading import SPLIT_WORDS, SPLITS, complete_splits, split_rows
from reparam.errors import UserError
from reparam.randomness import derive_seed

RARE = 3
"""Classes of fewer rows than this are trained on as a whole: there is nothing to hold out."""
Rows = dict[str, torch.Tensor]


def tenth_of(n: int) -> int:
    """Rows that are held out for validation, and as many for testing."""
    return max(1, round(n / 10))


def stratified(codes: np.ndarray, seed: int) -> tuple[Rows, str]:
    """Row numbers by split, 80/10/10 of each class as nearly as whole rows allow, and what to note.

    Args:
        codes: ``(n,)`` whole numbers from 0, the classes.
        seed: of what is drawn.

    Raises:
        UserError: if there are fewer than three rows.

    >>> rows, note = stratified(np.array([0] * 50 + [1] * 20), seed=0)
    >>> [int((rows["test"] >= 50).sum()), len(rows["test"])]
    [2, 7]
    """
    sizes = np.bincount(codes)
    if (sizes < RARE).all():
        rows = dict(zip(("train", "validation", "test"), split_rows(len(codes), seed), strict=True))
        return rows, f"split 80/10/10 from seed {seed}, without regard to classes: none has {RARE} rows"
    rng = np.random.default_rng(derive_seed(seed, "split", "stratified"))
    held = {split: _quotas(sizes, len(codes), rng) for split in ("validation", "test")}
    found: dict[str, list[np.ndarray]] = {"train": [], "validation": [], "test": []}
    for code in range(len(sizes)):
        rows_ = rng.permutation(np.flatnonzero(codes == code))
        ends = np.cumsum([held["validation"][code], held["test"][code]])
        for split, part in zip(("validation", "test", "train"), np.split(rows_, ends), strict=True):
            found[split].append(part)
    rare = int(((sizes > 0) & (sizes < RARE)).sum())
    few = f"; {rare:,} with fewer than {RARE} rows {'are' if rare > 1 else 'is'} in train alone" if rare else ""
    note = f'split 80/10/10 from seed {seed}, each class in the same shares{few} (split_by="random" heeds none)'
    return {split: torch.from_numpy(np.sort(np.concatenate(parts))) for split, parts in found.items()}, note


def _quotas(sizes: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Rows of each class that are held out: its share of a tenth of all, rounded so that their sum is right."""
    share = np.where(sizes < RARE, 0.0, sizes * tenth_of(n) / n)
    whole = np.floor(share).astype(np.int64)
    left = max(round(share.sum()), 1) - whole.sum()
    # the largest remainders first, ties in an order of their own
    order = np.lexsort((rng.random(len(sizes)), -(share - whole)))
    whole[[code for code in order if sizes[code] >= RARE][:left]] += 1
    return whole


def grouped(groups: Sequence[str], seed: int) -> tuple[Rows, str]:
    """Row numbers by split so that the rows of a group stay together, about 80/10/10, and what to note.

    Raises:
        UserError: if there are fewer than three groups.

    >>> rows, note = grouped(["a", "a", "b", "b", "c", "c"], seed=0)
    >>> [len(part) for part in rows.values()]
    [2, 2, 2]
    """
    _, codes = np.unique(np.array(groups, dtype=str), return_inverse=True)
    sizes = np.bincount(codes)
    if len(sizes) < 3:
        raise UserError(f"the data have {len(sizes)} group{'s' * (len(sizes) != 1)} of rows, and a split that keeps "
                        f"each of them together needs at least 3: leave `groups` out")  # fmt: skip
    order = np.random.default_rng(derive_seed(seed, "split", "groups")).permutation(len(sizes))
    held: dict[str, np.ndarray] = {}
    for after, split in ((2, "validation"), (1, "test")):
        # a group is left for each split that follows
        held[split] = _filled(order, sizes, tenth_of(len(codes)))[: len(order) - after]
        order = order[~np.isin(order, held[split])]
    rows = {split: torch.from_numpy(np.flatnonzero(np.isin(codes, some)))
            for split, some in {"train": order, **held}.items()}  # fmt: skip
    counts = ", ".join(f"{split} {len(some):,}" for split, some in {"train": order, **held}.items())
    return rows, f"split from seed {seed} so that rows of a group stay together: groups in {counts}"


def _filled(order: np.ndarray, sizes: np.ndarray, target: int) -> np.ndarray:
    """Groups, in their order, that fit into a target of rows; the smallest of all where none does."""
    taken, room = [], target
    for group in order.tolist():
        if sizes[group] <= room:
            taken.append(group)
            room -= int(sizes[group])
    return np.array(taken or [order[np.argmin(sizes[order])]])


def split_codes(words: Sequence[str], column: str) -> np.ndarray:
    """The splits that words name, as their places among train, validation and test.

    Raises:
        UserError: if one names none.
    """
    places = {word: SPLITS.index(split) for word, split in SPLIT_WORDS.items()}
    codes = np.array([places.get(word.strip().lower(), -1) for word in words])
    if strange := Counter(word for word, code in zip(words, codes.tolist(), strict=True) if code < 0):
        word, count = strange.most_common(1)[0]
        raise UserError(f"column {column!r} of split_by=... says {word!r} in {count:,} rows, which names no split: "
                        f"write train, validation or test")  # fmt: skip
    return codes


def named(words: Sequence[str], column: str, seed: int) -> tuple[Rows, str]:
    """Row numbers by split as a column names them, and what to note; a tenth of train for each that it does not name.

    Raises:
        UserError: if the column names something else, or no rows to train on.

    >>> rows, note = named(["train", "test", "train", "val"], "part", seed=0)
    >>> {split: part.tolist() for split, part in rows.items()}
    {'train': [0, 2], 'validation': [3], 'test': [1]}
    """
    codes = split_codes(words, column)
    rows = {split: torch.from_numpy(np.flatnonzero(codes == at)) for at, split in enumerate(SPLITS)}
    if not len(rows["train"]):
        raise UserError(f"column {column!r} of split_by=... names no rows to train on: write train in some")
    complete, (note,) = complete_splits(rows, seed)
    return complete, note.replace("the source", f"column {column!r}")
