"""``--slurm``: options of ``sbatch`` as words."""

from collections.abc import Sequence


def asked(words: Sequence[str] | None) -> dict[str, str] | None:
    """Each word's option and value; an option alone has none.

    >>> asked(["partition=gpu", "gres=gpu:1", "exclusive"])
    {'partition': 'gpu', 'gres': 'gpu:1', 'exclusive': ''}
    """
    if words is None:
        return None
    pairs = (word.removeprefix("--").partition("=") for word in words)
    return {name: value for name, _, value in pairs}
