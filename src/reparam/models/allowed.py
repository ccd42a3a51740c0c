"""What may be built by a name in a file: our classes, torch's plain layers, and two functions: an allow-list."""

from collections.abc import Callable
from typing import Any

from torch import nn

from reparam import bounds, networks
from reparam.distributions import columns
from reparam.distributions.flow import AutoregressiveTransforms
from reparam.errors import UserError
from reparam.models import gan, vae
from reparam.networks import players

CLASSES: dict[str, type] = {
    cls.__name__: cls
    for cls in (
        networks.MLP,
        networks.Affine,
        networks.ColumnsHead,
        networks.ConvDecoder,
        networks.ConvEncoder,
        networks.ResidualBlock,
        networks.ResidualDecoder,
        networks.ResidualEncoder,
        players.Conditional,
        players.FourierFeatures,
        players.Ranged,
        AutoregressiveTransforms,
        columns.Number,
        columns.Integer,
        columns.Category,
        vae.AVB,
        vae.Autoencoder,
        vae.VAE,
        vae.PairDiscriminator,
        vae.ImplicitPosterior,
        vae.DiagonalNormal,
        vae.FlowPosterior,
        vae.FullNormal,
        vae.HierarchicalPosterior,
        vae.HierarchicalPrior,
        vae.StandardNormal,
        vae.MixturePrior,
        vae.FlowPrior,
        vae.VampPrior,
        vae.BernoulliLikelihood,
        vae.CategoricalLikelihood,
        vae.ColumnsLikelihood,
        vae.ContinuousBernoulliLikelihood,
        vae.DiscretizedLogisticLikelihood,
        vae.NormalLikelihood,
        vae.ELBO,
        vae.IWAE,
        vae.DReG,
        gan.GAN,
        gan.WGAN,
        gan.Constraint,
        gan.GradientPenalty,
        gan.WeightClipping,
        gan.ZeroCentred,
        gan.InstanceNoise,
    )
}
LAYERS: dict[str, type[nn.Module]] = {
    name: getattr(nn, name)
    for name in (
        *("Linear", "Bilinear", "Embedding", "Identity", "Flatten", "Unflatten"),
        *("Conv1d", "Conv2d", "Conv3d", "ConvTranspose1d", "ConvTranspose2d", "ConvTranspose3d"),
        *("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d"),
        *("LayerNorm", "GroupNorm", "RMSNorm", "Dropout", "Dropout1d", "Dropout2d", "Dropout3d"),
        *("ReLU", "LeakyReLU", "PReLU", "SiLU", "GELU", "ELU", "SELU", "CELU", "Mish", "Tanh", "Sigmoid", "Softplus"),
        *("Hardtanh", "ReLU6", "Softmax", "LogSoftmax", "LogSigmoid", "Softsign", "Tanhshrink"),
        *("MaxPool1d", "MaxPool2d", "AvgPool1d", "AvgPool2d", "AdaptiveAvgPool1d", "AdaptiveAvgPool2d"),
        *("Upsample", "PixelShuffle", "PixelUnshuffle", "ZeroPad2d", "ReflectionPad2d", "ReplicationPad2d"),
    )
}
CONTAINERS: dict[str, type[nn.Module]] = {"Sequential": nn.Sequential, "ModuleList": nn.ModuleList}
FUNCTIONS: dict[str, Callable[..., Any]] = {
    function.__name__: function for function in (bounds.analytic_kl, bounds.layerwise_kl, bounds.sampled_kl)
}


def allow(*classes: type) -> None:
    """Set classes of your own among those that a tree may name; each is :func:`reparam.recording.recorded`.

    Raises:
        UserError: if another class has the name of one.
    """
    for cls in classes:
        name = cls.__name__
        if CLASSES.get(name, cls) is not cls or name in (*LAYERS, *CONTAINERS, "ModuleDict"):
            raise UserError(f"run folders name another class {name!r} already: give yours another name")
        CLASSES[name] = cls
