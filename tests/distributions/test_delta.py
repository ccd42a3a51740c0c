"""A point: everything about it is known exactly."""

import math

import pytest
import torch

from helpers import agree
from reparam.distributions import Delta, Normal
from reparam.errors import UserError

VALUE = torch.tensor([[1.0, -2.0], [0.5, 3.0], [0.0, 0.0]], dtype=torch.float64)


def test_draws_mean_and_centre_are_the_point_and_gradients_reach_it():
    value = VALUE.clone().requires_grad_()
    point = Delta(value)
    assert torch.equal(point.sample((4,)), value.expand(4, 3, 2))
    agree(point.sample((4,)).square().sum(0), 4 * value.square(), [value])
    agree(point.mean, value, [value])
    agree(point.center, value, [value])


def test_all_mass_is_at_the_point():
    point = Delta(VALUE)
    assert point.log_prob(VALUE).tolist() == [0.0] * 3
    assert point.log_prob(VALUE + torch.tensor([0.0, 1e-12])).tolist() == [-math.inf] * 3
    # one value compared with all
    assert point.log_prob(VALUE[1]).tolist() == [-math.inf, 0.0, -math.inf]
    assert point.log_prob(torch.stack([VALUE, VALUE.flip(0)])).tolist() == [[0.0] * 3, [-math.inf, 0.0, -math.inf]]
    assert point.log_prob(VALUE * math.nan).tolist() == [-math.inf] * 3
    assert point.log_prob(VALUE).dtype == torch.float64


def test_the_masses_of_a_grid_of_integers_sum_to_one_and_the_entropy_is_none():
    code = torch.tensor([[2, 0], [1, 1]])
    point = Delta(code, event_dims=2)
    grid = torch.cartesian_prod(*[torch.arange(3)] * 4).reshape(-1, 2, 2)
    mass = torch.stack([point.log_prob(each) for each in grid]).exp()
    assert mass.sum() == 1
    assert torch.equal(grid[mass.argmax()], code)
    assert point.entropy() == 0
    assert point.entropy().is_floating_point()
    assert torch.equal(point.sample((5,)), code.expand(5, 2, 2))


def test_a_point_in_any_number_of_dimensions():
    value = torch.randn(4, 1, 3, 3)
    for event_dims in range(5):
        point = Delta(value, event_dims)
        assert point.batch_shape == value.shape[: 4 - event_dims]
        assert torch.equal(point.log_prob(value), torch.zeros(point.batch_shape))
        assert torch.equal(point.entropy(), torch.zeros(point.batch_shape))
    assert Delta(value, 3).factors().log_prob(value).shape == value.shape


def test_points_are_the_same_or_infinitely_apart():
    assert Delta(VALUE).kl(Delta(VALUE.flip(0))).tolist() == [math.inf, 0.0, math.inf]
    with pytest.raises(UserError, match="no closed form"):
        Delta(VALUE).kl(Normal(VALUE, torch.ones(2)))


def test_a_detached_point_passes_no_gradient():
    point = Delta(VALUE.clone().requires_grad_(), 2)
    assert not point.detached().sample().requires_grad
    assert torch.equal(point.detached().value, VALUE)
    assert point.detached().event_dims == 2
    assert not Delta.has_density
