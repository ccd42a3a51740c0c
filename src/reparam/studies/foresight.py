"""What a comparison of some data will not be able to say, told before anything is trained."""

from collections.abc import Iterator

from reparam.data import Dataset
from reparam.evaluation.samples.yardstick import FEWEST, FLOOR
from reparam.studies.protocol import Protocol


def foreseen(data: Dataset, protocol: Protocol) -> Iterator[str]:
    """What there are too few examples for, and the counts that are cut to what there is, in sentences.

    >>> import torch
    >>> for text in foreseen(Dataset.of(torch.zeros(300, 2), name="few"), Protocol(images=10)):
    ...     print(text)
    few has 30 test examples, and samples are measured by 60 or more: their fidelity, coverage and memorization will not
    be measured; give more rows, or splits of your own
    """
    there = {name: len(split) for name, split in data.splits.items()}
    unseen = FLOOR["train"]
    fewest = min(("train", unseen), key=lambda name: there[name])
    if there[fewest] < FEWEST:
        yield (
            f"{data.name} has {there[fewest]:,} {fewest} examples, and samples are measured by {FEWEST} or more: their "
            "fidelity, coverage and memorization will not be measured; give more rows, or splits of your own"
        )
    elif there[fewest] < protocol.count:
        yield (
            f"samples are measured by {there[fewest]:,} examples, as many as the {fewest} split has, instead of "
            f"count={protocol.count}"
        )
    if there["test"] < protocol.images:
        yield f"log p(x) is of all {there['test']:,} test examples, fewer than images={protocol.images}"
