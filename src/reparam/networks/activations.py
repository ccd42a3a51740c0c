"""The nonlinearities by name."""

from torch import nn

from reparam import checks

ACTIVATIONS: dict[str, type[nn.Module]] = {"relu": nn.ReLU, "silu": nn.SiLU, "gelu": nn.GELU, "tanh": nn.Tanh}


def activation_of(name: str) -> type[nn.Module]:
    """The nonlinearity of that name.

    Raises:
        UserError: if there is none, naming those there are.
    """
    return ACTIVATIONS[checks.one_of("activation", name, ACTIVATIONS)]
