"""What training suits an encoder and a decoder, by rules of the sizes of data and networks.

Each rule leaves 784 pixels, 400 hidden units and 50,000 examples as they were measured to be best, and says what
changes elsewhere. ``recipes/every_size.py`` trains each size by them, on seeds that chose none of their numbers.
"""

import math
from collections.abc import Sequence
from typing import Literal

from reparam.networks.pyramid import SMALLEST_SIDE

EPOCHS = 12
"""Passes over the data where these are many."""
STEPS, UNJUDGED = 2000, 500
"""Fewest steps of a training, however few examples make an epoch; of one whose model no bound judges, so that no
validation tells when its examples are learned by heart."""
LITTLE, PATIENCE = 1000, 500
"""Fewer examples than these may be learned by heart before a training ends; for so many steps it may get no better."""
LARGEST_BATCH, SMALLEST_BATCH = 256, 16
BATCHES_PER_EPOCH = 8
PERCEPTRON_RATE, SAFE_RATE = 6e-3, 2e-3
REACH = PERCEPTRON_RATE * 784
"""The rate that was measured to be best, on inputs as wide as it was measured on."""
CLIP_PER_VALUE, LEAST_CLIP = 0.3, 10.0
PERCEPTRON_VALUES, PLAYERS_VALUES = 3 * 64 * 64, 32 * 32
"""Values of the largest image that a perceptron is taken for, as encoder and decoder, and as players of a game."""


def network(data_shape: Sequence[int]) -> Literal["mlp", "conv"]:
    """A perceptron for vectors and for images of up to 64 by 64 in colour, convolutions for larger images.

    Up to there a perceptron's bound rises faster, by step and by second; beyond, its weights outgrow a laptop: 157
    million for 256 by 256 in colour, and four times their size to train them.

    >>> network((1, 28, 28)), network((5000,)), network((3, 128, 128))
    ('mlp', 'mlp', 'conv')
    """
    return "conv" if _convolved(data_shape) and math.prod(data_shape) > PERCEPTRON_VALUES else "mlp"


def players(data_shape: Sequence[int]) -> Literal["mlp", "conv"]:
    """Perceptrons for vectors and images of up to 32 by 32 in grey, convolutions for larger images.

    >>> players((1, 28, 28)), players((5000,)), players((3, 32, 32))
    ('mlp', 'mlp', 'conv')
    """
    return "conv" if _convolved(data_shape) and math.prod(data_shape) > PLAYERS_VALUES else "mlp"


def _convolved(data_shape: Sequence[int]) -> bool:
    """Whether data are images that a convolutional network takes."""
    return len(data_shape) == 3 and min(data_shape[1:]) >= SMALLEST_SIDE


def learning_rate(convolutional: bool) -> float:
    """A perceptron learns three times as fast as what is safe for everything."""
    return SAFE_RATE if convolutional else PERCEPTRON_RATE


def reach(convolutional: bool) -> float | None:
    """Largest product of a linear layer's rate and inputs: 4.7 for perceptrons, none with convolutions.

    Adam moves every weight by about the rate r, all of one sign where inputs go together, as neighbouring pixels do.
    One step then moves what a layer of d inputs of about 1 gives by r · d: 5 for 784 inputs, 74 for 64 by 64 pixels in
    colour, after which the log-variance of z overflows. So wider layers learn slower in proportion, and only they
    (Yang et al. 2022, table 3: the rate of a layer under Adam falls as one over its inputs).

    >>> round(reach(convolutional=False) / 12_288, 5)
    0.00038
    """
    return None if convolutional else REACH


def gradient_clip(data_shape: Sequence[int], normal: bool) -> float | None:
    """Largest gradient norm: 0.3 nats for each value of an example, 10 at least, where values are normal; else none.

    A normal's log-density falls as the square of the distance, so that one outlying row makes a gradient thousands of
    times the usual, which Adam's moments then remember for a thousand steps; the other likelihoods fall linearly at
    most. The usual gradient is a sum over the values and grows with them: it stays below.

    >>> gradient_clip((2,), normal=True), gradient_clip((100,), normal=True)
    (10.0, 30.0)
    """
    return max(LEAST_CLIP, CLIP_PER_VALUE * math.prod(data_shape)) if normal else None


def batch_size(examples: int, most: int = LARGEST_BATCH) -> int:
    """Examples per batch: ``most``, less where an epoch would have fewer than eight batches: 16 at least.

    Args:
        examples: to train on; 0: not known.
        most: in a batch.

    >>> [batch_size(examples) for examples in (50_000, 2_000, 240, 48)]
    [256, 128, 16, 16]
    """
    if not examples:
        return most
    whole = max(SMALLEST_BATCH, examples // BATCHES_PER_EPOCH)
    return min(most, 1 << whole.bit_length() - 1)


def epochs(examples: int, batch: int, least: int = EPOCHS, batches_per_step: int = 1, steps: int = STEPS) -> int:
    """Passes over the data: ``least``, more where these would be fewer than 2,000 steps.

    500 end 1 to 2 nats before those on 60 to 300 rows, and 5,000 learn 60 rows by heart (``recipes/little_data.py``).

    Args:
        examples: to train on; 0: not known.
        batch: examples per batch.
        least: passes where there are many examples.
        batches_per_step: as many as a step's most repeated turn takes.
        steps: fewest.

    >>> [epochs(examples, batch_size(examples)) for examples in (50_000, 2_000, 240, 48)]
    [12, 134, 134, 667]
    """
    per_epoch = max(1, examples // min(batch, examples or 1) // batches_per_step)
    return max(least, math.ceil(steps / per_epoch)) if examples else least


def patience(examples: int, batch: int, passes: int, steps: int | None = None) -> int | None:
    """Epochs without a better validation after which a training on little data stops: a quarter of it, and 500 steps.

    Args:
        examples: to train on; 0: not known.
        batch: examples per batch.
        passes: that the training has.
        steps: in their place.

    >>> patience(111, 16, 334), patience(111, 16, 5), patience(50_000, 256, 12)
    (84, None, None)
    """
    per_epoch = max(1, examples // min(batch, examples or 1))
    total = steps or passes * per_epoch
    waiting = max(PATIENCE, total / 4)
    return math.ceil(waiting / per_epoch) if 0 < examples < LITTLE and waiting < total else None
