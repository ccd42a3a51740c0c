"""What a comparison of some data will not be able to say, told before anything is trained."""

from collections.abc import Iterator

from reparam.data import Dataset
from reparam.data.columns.wording import counted
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
    things = "images" if data.is_image else "rows"
    there = {name: len(split) for name, split in data.splits.items()}
    unseen = FLOOR["train"]
    fewest = min(("train", unseen), key=lambda name: there[name])
    if there[fewest] < FEWEST:
        few = counted(there[fewest], f"{fewest} example")
        yield (
            f"{data.name} has {few}, and samples are measured by {FEWEST} or more: "
            f"their fidelity, coverage and memorization will not be measured; give more {things}, or splits of your own"
        )
    elif there[fewest] < protocol.count:
        yield (
            f"samples are measured by {counted(there[fewest], 'example')}, as many as the {fewest} split has, instead "
            f"of count={protocol.count}"
        )
    if there["test"] < protocol.images:
        yield f"log p(x) is of {_all(there['test'])}, fewer than images={protocol.images}"


def _all(n: int) -> str:
    return "the one test example" if n == 1 else f"all {n:,} test examples"
