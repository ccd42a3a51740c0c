"""The moving average of a generator's weights, which is sampled from."""


def warm_decay(decay: float, updates: int) -> float:
    """The decay of a moving average after so many updates: short at first, so that it forgets its random start.

    >>> [round(warm_decay(0.999, updates), 3) for updates in (1, 10, 1000, 100_000)]
    [0.182, 0.55, 0.991, 0.999]
    """
    return min(decay, (1 + updates) / (10 + updates))
