"""The functions noise is pushed through, and those that judge: perceptrons, convolutions, residual blocks, players."""

from reparam.networks.activations import ACTIVATIONS
from reparam.networks.affine import Affine
from reparam.networks.columns import ColumnsHead
from reparam.networks.convolution import ConvDecoder, ConvEncoder
from reparam.networks.perceptron import MLP
from reparam.networks.residual import ResidualBlock, ResidualDecoder, ResidualEncoder
from reparam.networks.size import count_parameters

__all__ = [
    "ACTIVATIONS",
    "MLP",
    "Affine",
    "ColumnsHead",
    "ConvDecoder",
    "ConvEncoder",
    "ResidualBlock",
    "ResidualDecoder",
    "ResidualEncoder",
    "count_parameters",
]
