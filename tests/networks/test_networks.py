import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from reparam.errors import UserError
from reparam.networks import ACTIVATIONS, MLP, ConvDecoder, ConvEncoder, count_parameters


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 4), st.integers(8, 70), st.integers(8, 70), st.integers(1, 5))
def test_convolutions_take_any_size_from_8_and_any_channel_count(channels, height, width, latent):
    shape = (channels, height, width)
    z = ConvEncoder(shape, latent, width=2)(torch.randn(2, *shape))
    assert z.shape == (2, latent)
    assert ConvDecoder(latent, shape, width=2)(z).shape == (2, *shape)


@pytest.mark.parametrize("shape", [(1, 7, 28), (1, 28, 7), (784,), (1, 1, 1)])
@pytest.mark.parametrize("network", [lambda s: ConvEncoder(s, 3), lambda s: ConvDecoder(3, s)])
def test_what_convolutions_cannot_take_is_refused(shape, network):
    with pytest.raises(UserError, match=r'at least 8×8 pixels.*network="mlp"'):
        network(shape)


@pytest.mark.parametrize("activation", sorted(ACTIVATIONS))
def test_mlp_maps_shape_to_shape(activation):
    network = MLP((3, 5, 2), [7, 6], (2, 4), activation)
    assert network(torch.randn(9, 3, 5, 2)).shape == (9, 2, 4)
    assert count_parameters(network) == 30 * 7 + 7 + 7 * 6 + 6 + 6 * 8 + 8


def test_every_output_of_a_decoder_depends_on_z():
    """A decoder whose border pixels are constant would go unnoticed in a loss."""
    z = torch.randn(1, 4, requires_grad=True)
    output = ConvDecoder(4, (1, 13, 9), width=4, activation="tanh")(z)
    for value in output.flatten():
        (gradient,) = torch.autograd.grad(value, z, retain_graph=True)
        assert gradient.abs().sum() > 0
