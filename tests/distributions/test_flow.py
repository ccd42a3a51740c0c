"""Flows: densities against autograd's Jacobian and quadrature; the two places a flow can stand in a VAE."""

import pytest
import torch
from torch import nn

from oracles import within_error
from reparam.distributions import Normal
from reparam.distributions.flow import AutoregressiveTransforms, Flow
from reparam.errors import UserError


def random_flow(kind, dim=3, context=2, inverse=False, seed=0, spread=0.5):
    """A flow with random (not freshly initialized) weights, in float64."""
    torch.manual_seed(seed)
    transforms = AutoregressiveTransforms(dim, context, transforms=2, hidden=(16,), kind=kind).double()
    for parameter in transforms.parameters():
        nn.init.normal_(parameter, std=spread)
    transform = transforms(torch.randn(context, dtype=torch.float64) if context else None)
    base = Normal(torch.randn(dim).double() * 0.3, torch.rand(dim).double() + 0.5)
    return Flow(base, transform.inv if inverse else transform)


@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("kind", ["affine", "spline"])
def test_the_log_determinant_is_that_of_autograds_jacobian(kind, inverse):
    flow = random_flow(kind, inverse=inverse)
    noise = flow.base.sample((5,))
    z, log_volume = flow.transform.call_and_ladj(noise)
    jacobians = torch.stack([torch.autograd.functional.jacobian(flow.transform, e) for e in noise])
    torch.testing.assert_close(log_volume, jacobians.det().abs().log(), rtol=1e-8, atol=1e-8)
    torch.testing.assert_close(flow.log_prob(z), flow.base.log_prob(noise) - jacobians.det().abs().log())


@pytest.mark.parametrize("inverse", [False, True])
@pytest.mark.parametrize("kind", ["affine", "spline"])
def test_draws_know_their_own_density(kind, inverse):
    flow = random_flow(kind, inverse=inverse)
    torch.manual_seed(1)
    z, log_q = flow.sample_and_log_prob((7,))
    torch.testing.assert_close(log_q, flow.log_prob(z), rtol=1e-6, atol=1e-6)
    torch.manual_seed(1)
    torch.testing.assert_close(flow.sample((7,)), z)


@pytest.mark.parametrize("kind", ["affine", "spline"])
def test_a_density_in_the_plane_integrates_to_one(kind):
    flow = random_flow(kind, dim=2, context=0, inverse=True, spread=0.4)
    axis = torch.linspace(-9, 9, 301, dtype=torch.float64)
    with torch.no_grad():
        density = flow.log_prob(torch.cartesian_prod(axis, axis)).exp().reshape(301, 301)
    total = torch.trapezoid(torch.trapezoid(density, axis), axis)
    assert total.item() == pytest.approx(1, abs=2e-3)


def test_a_flow_has_a_centre_and_refuses_what_has_no_closed_form():
    flow = random_flow("affine")
    torch.testing.assert_close(flow.center, flow.transform(flow.base.mean))
    for quantity in ("mean", "entropy"):
        with pytest.raises(UserError, match=f"{quantity} of a Flow has no closed form"):
            flow.mean if quantity == "mean" else flow.entropy()


@pytest.mark.parametrize("kind", ["affine", "spline"])
def test_gradients_reach_context_and_weights_as_finite_differences_say(kind):
    torch.manual_seed(0)
    transforms = AutoregressiveTransforms(2, 1, transforms=1, hidden=(8,), kind=kind).double()
    context = torch.tensor([0.3], dtype=torch.float64, requires_grad=True)
    noise = torch.tensor([[0.2, -0.7]], dtype=torch.float64)

    def total(c):
        z, log_volume = transforms(c).call_and_ladj(noise)
        return z.square().sum() + log_volume.sum()

    assert torch.autograd.gradcheck(total, (context,))
    assert all(g.abs().sum() > 0 for g in torch.autograd.grad(total(context), list(transforms.parameters())))


def test_a_spline_flows_draws_have_the_moments_of_its_density():
    flow = random_flow("spline", dim=1, context=0, seed=3)
    torch.manual_seed(0)
    with torch.no_grad():
        z = flow.sample((20_000,))
        axis = torch.linspace(-15, 15, 4001, dtype=torch.float64)
        density = flow.log_prob(axis.unsqueeze(1)).exp()
    assert within_error(z[:, 0], torch.trapezoid(density * axis, axis).item())
