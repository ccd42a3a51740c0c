"""Images whose numbers go to 255, or below 0, make the same game as those from 0 to 1."""

import pytest
import torch

from reparam.kinds import KINDS, build_model
from reparam.models.traits import Traits
from reparam.randomness import noise

SHAPE = (3, 8, 8)


def players(kind, ends, **settings):
    traits = Traits(range=ends, data_shape=SHAPE, classes=3, examples=500)
    settings = KINDS[kind].resolve(KINDS[kind].settings(**settings), traits)
    with noise(0, "weights"):
        return build_model(settings, SHAPE, traits).eval()


@pytest.mark.parametrize("ends", [(0.0, 255.0), (-1024.0, 3071.0), (0.0, 8.3)])
@pytest.mark.parametrize("kind", ["gan", "wgan"])
@pytest.mark.parametrize("settings", [{}, {"network": "conv"}, {"conditional": True}])
def test_the_numbers_of_images_do_not_change_the_game(kind, ends, settings):
    unit, wide = players(kind, (0.0, 1.0), **settings), players(kind, ends, **settings)
    low, high = ends
    y = torch.tensor([0, 1, 2, 0]) if "conditional" in settings else None
    with torch.no_grad(), noise(0, "x"):
        x = torch.rand(4, *SHAPE)
        seen, same = unit.judge(x, y), wide.judge(low + (high - low) * x, y)
    torch.testing.assert_close(same, seen, rtol=1e-3, atol=1e-3 * float(seen.abs().max()))
    made = []
    for model in (unit, wide):
        with torch.no_grad(), noise(0, "z"):
            made.append(model.generate(4, y))
    torch.testing.assert_close((made[1] - low) / (high - low), made[0], rtol=1e-3, atol=1e-3)


def test_a_penalty_is_taken_per_black_to_white():
    unit, wide = players("gan", (0.0, 1.0)), players("gan", (0.0, 255.0))
    assert (unit.constraint.unit, wide.constraint.unit) == (1.0, 255.0)
    assert players("gan", (-1.0, 1.0)).constraint.unit == 1.0
