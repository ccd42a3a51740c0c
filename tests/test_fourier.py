import math

import pytest
import torch

from reparam.fourier import FourierFeatures, spread_frequencies


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_frequencies_in_the_plane_leave_no_direction_and_no_length_out(seed):
    """32 of them: one in each 32nd of the half circle, and one in each 32nd of the lengths' logarithm."""
    torch.manual_seed(seed)
    frequencies = spread_frequencies(2, 32, 1.0, 16.0)
    angle = torch.atan2(frequencies[0], frequencies[1]) / math.pi
    length = frequencies.norm(dim=0).log() / math.log(16)
    for share in (angle, length):
        assert torch.equal((32 * share).floor().long().sort().values, torch.arange(32))


@pytest.mark.parametrize("dim", [1, 3, 4, 7])
def test_frequencies_of_any_width_are_isotropic(dim):
    """Second moments of unit directions are those of the uniform distribution on the sphere: the identity over d."""
    torch.manual_seed(dim)
    n = 8192
    directions = torch.nn.functional.normalize(spread_frequencies(dim, n, 1.0, 16.0), dim=0).double()
    torch.testing.assert_close(directions @ directions.T / n, torch.eye(dim).double() / dim, atol=0.005, rtol=0)
    # a fourth moment, 3 / (d (d + 2)), which no ellipse-shaped spread of the same covariance would have
    fourth = directions.pow(4).mean(dim=1)
    torch.testing.assert_close(fourth, torch.full_like(fourth, 3 / (dim * (dim + 2))), atol=0.01, rtol=0)


def test_frequencies_of_more_columns_than_the_sequence_knows():
    frequencies = spread_frequencies(torch.quasirandom.SobolEngine.MAXDIM + 1, 3, 1.0, 16.0)
    assert bool(frequencies.norm(dim=0).clamp(1, 16).sub(frequencies.norm(dim=0)).abs().max() < 1e-4)


def test_frequencies_come_from_the_seed():
    torch.manual_seed(5)
    first, second = FourierFeatures(2, 8).frequencies, FourierFeatures(2, 8).frequencies
    torch.manual_seed(5)
    assert torch.equal(FourierFeatures(2, 8).frequencies, first)
    assert not torch.equal(first, second)
