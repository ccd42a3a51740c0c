"""The settings of a run: typed, checked, frozen; saved as JSON beside the weights, and the source of the flags."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reparam.errors import UserError

Positive = Annotated[int, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class Config(BaseModel):
    """Settings that do not change and have no unknown keys.

    Raises:
        UserError: for an unknown key or a value out of range, naming it and what is allowed.

    >>> TrainingConfig(epochs=0)
    Traceback (most recent call last):
    reparam.errors.UserError: epochs: 0 will not do: input should be greater than 0
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    def __init__(self, **settings: Any) -> None:
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise UserError(explain(error)) from None


def explain(error: ValidationError) -> str:
    """One sentence on the first thing a validation found wrong."""
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"]) or "settings"
    if first["type"] == "extra_forbidden":
        return f"{name} is not a setting here; its documentation lists those there are"
    message = first["msg"].removeprefix("Value error, ")
    return f"{name}: {first['input']!r} will not do: {message[:1].lower()}{message[1:]}"


class DataConfig(Config):
    """Which data, and how they are read."""

    data: str = "mnist"
    """A name (mnist, static-mnist, fashion-mnist, ring, grid, moons, two-gaussians) or a path (see reparam data)."""
    binarization: Literal["auto", "none", "threshold", "dynamic"] = "auto"
    """How grey values become 0 or 1; auto: dynamic where the likelihood is Bernoulli, else none."""
    image_size: Positive | None = None
    """Resize the images of a folder to N by N pixels."""
    labels: str | None = None
    """The column of a table that holds the labels, by name, or by number counted from 1."""
    split_seed: int = 0
    """Seed of the split, of toy data and of the once-binarized validation and test images."""


LikelihoodName = Literal["auto", "bernoulli", "normal", "continuous-bernoulli", "discretized-logistic", "categorical"]


class NetworkConfig(Config):
    """Networks shared by every kind of model."""

    network: Literal["mlp", "conv", "residual"] = "mlp"
    """Multilayer perceptron, or convolutions, plain or in residual blocks (images from 8x8)."""
    hidden: tuple[Positive, ...] = (400,)
    """Widths of the perceptron's hidden layers; the decoder has them in reverse."""
    width: Positive = 32
    """Channels of the first convolution."""
    activation: Literal["relu", "silu", "gelu", "tanh"] = "relu"
    """The nonlinearity between layers."""
    likelihood: LikelihoodName = "auto"
    """What the decoder's output means; auto: Bernoulli for grey images, else normal with a learned variance."""
    scale: Annotated[float, Field(gt=0)] | None = None
    """Fixed standard deviation of a normal likelihood, in the data's units; learned unless given."""
    levels: Annotated[int, Field(ge=2)] = 256
    """Values of a categorical likelihood, equally spaced from 0 to 1."""


class AutoencoderConfig(NetworkConfig):
    """A plain autoencoder."""

    kind: Literal["autoencoder"] = "autoencoder"
    latent_dim: Positive = 20
    """Width of the code."""


class VAEConfig(NetworkConfig):
    """A variational autoencoder."""

    kind: Literal["vae"] = "vae"
    latent_dim: Positive = 20
    """Width of z."""
    posterior: Literal["diagonal", "full", "iaf", "spline"] = "diagonal"
    """q(z|x): a diagonal normal, a full one, or either flow on top of a diagonal one."""
    prior: Literal["standard", "mixture", "vamp", "flow", "spline"] = "standard"
    """p(z): N(0, I); learned: a mixture of normals, of posteriors of pseudo-inputs, or a flow (affine or spline)."""
    objective: Literal["elbo", "iwae", "dreg"] = "elbo"
    """The bound that is raised; dreg: the importance-weighted one by its doubly reparameterized gradient."""
    importance_samples: Positive = 50
    """K, draws of z per example in the importance-weighted bound."""
    kl: Literal["auto", "analytic", "sampled"] = "auto"
    """How the ELBO's KL term is computed; auto: in closed form where there is one."""
    samples: Positive = 1
    """L, draws of z per example in the ELBO."""
    kl_weight: NotNegative = 1.0
    """Final weight of the KL term (beta)."""
    kl_warmup: NotNegative = 0.0
    """Epochs over which that weight rises from 0."""
    free_bits: NotNegative = 0.0
    """Nats per latent dimension that cost nothing (diagonal posterior, standard prior)."""
    components: Positive = 100
    """Normals of a mixture prior, pseudo-inputs of a VampPrior."""
    transforms: Positive = 2
    """Transforms of a flow, posterior's and prior's each."""
    flow_hidden: tuple[Positive, ...] = (128, 128)
    """Widths of the hidden layers of each transform."""


class AVBConfig(NetworkConfig):
    """Adversarial variational Bayes: a VAE whose posterior is any function of x and noise."""

    kind: Literal["avb"] = "avb"
    latent_dim: Positive = 20
    """Width of z."""
    noise_dim: Positive = 32
    """Width of the noise that the posterior is made of."""
    context: Positive = 128
    """Numbers the encoder gives the posterior, and the discriminator's features of x."""
    posterior_hidden: tuple[Positive, ...] = (256,)
    """Widths of the hidden layers from context and noise to z."""
    discriminator_hidden: tuple[Positive, ...] = (256, 256)
    """Widths of the hidden layers from features of x and z to the log ratio."""
    adaptive_contrast: bool = False
    """Compare the posterior with the normal of its own moments instead of with the prior."""
    contrast_samples: Annotated[int, Field(ge=2)] = 32
    """Draws by which adaptive contrast estimates those moments."""
    discriminator_turns: Positive = 1
    """Updates of the discriminator per update of encoder and decoder."""


class PlayersConfig(Config):
    """What every game's two players have in common."""

    latent_dim: Positive | None = None
    """Width of the noise z; unless given, 100 for images, and for vectors their own width."""
    network: Literal["mlp", "conv"] = "mlp"
    """Multilayer perceptrons, or convolutions (images from 8x8)."""
    generator_hidden: tuple[Positive, ...] | None = None
    """Widths of the generator's hidden layers; unless given, 128 256 512 1024 for images and six of 128 for points."""
    discriminator_hidden: tuple[Positive, ...] | None = None
    """Widths of the discriminator's or critic's; unless given, 512 256 for images and 256 256 for points."""
    width: Positive = 32
    """Channels of the first convolution."""
    batch_norm: bool | None = None
    """Normalize batches within the generator; unless given, for images."""
    fourier_features: Annotated[int, Field(ge=0)] | None = None
    """Random frequencies the discriminator or critic sees vectors by; 32 for points unless given."""
    conditional: bool = False
    """Tell both players the class."""
    gradient_penalty: NotNegative = 0.0
    """Weight of the penalty on gradient norms other than 1 at interpolates (10 is usual)."""
    spectral_norm: bool = False
    """Divide the discriminator's or critic's layers by their spectral norm."""
    average: Annotated[float, Field(ge=0, lt=1)] = 0.999
    """Decay of the moving average of the generator that is sampled from; 0: none."""


class GANConfig(PlayersConfig):
    """A generative adversarial network."""

    kind: Literal["gan"] = "gan"
    loss: Literal["minimax", "non-saturating", "least-squares", "hinge", "relativistic"] = "relativistic"
    """The game; relativistic with its default penalties is R3GAN's."""
    r1: NotNegative | None = None
    """Weight (gamma) of the zero-centred gradient penalty on real examples; relativistic: 0.1, else 0."""
    r2: NotNegative | None = None
    """Weight (gamma) of the zero-centred gradient penalty on generated examples; likewise."""
    penalty_decay: Annotated[float, Field(gt=0, le=1)] | None = None
    """What R1 and R2 shrink to, geometrically, by the end; 1 for images and 0.0003 for points unless given."""
    penalty_hold: Annotated[float, Field(ge=0, lt=1)] | None = None
    """Share of the training before R1 and R2 begin to shrink; 0 for images and 0.4 for points unless given."""
    instance_noise: NotNegative = 0.0
    """Standard deviation of the noise on the discriminator's inputs at the start."""
    noise_epochs: Annotated[float, Field(gt=0)] = 10.0
    """Epochs until that noise has vanished."""
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    """One-sided label smoothing: real examples' targets are 1 minus this."""
    unroll: Annotated[int, Field(ge=0)] = 0
    """Discriminator updates the generator looks ahead."""
    discriminator_turns: Positive = 1
    """Updates of the discriminator per update of the generator."""
    candidates: Positive | None = None
    """Draws that each sample is chosen from by the discriminator; 4 for points in the relativistic game, else 1."""


class WGANConfig(PlayersConfig):
    """A Wasserstein GAN; a gradient penalty or spectral normalization takes the place of clipping."""

    kind: Literal["wgan"] = "wgan"
    clip: Annotated[float, Field(gt=0)] = 0.01
    """Bound on every weight of the critic."""
    critic_turns: Positive = 5
    """Updates of the critic per update of the generator."""


ModelConfig = Annotated[AutoencoderConfig | VAEConfig | AVBConfig | GANConfig | WGANConfig, Field(discriminator="kind")]


EPOCHS = 12
"""Passes over the training data where nothing else is said."""


class TrainingConfig(Config):
    """How a model is trained."""

    epochs: Positive | None = None
    """Passes over the training data; unless given, what suits the kind of model and data, 12 for most."""
    steps: Positive | None = None
    """Training steps instead of epochs."""
    batch_size: Positive = 256
    """Examples per batch."""
    optimizer: Literal["adam", "adamw", "rmsprop", "sgd"] | None = None
    """The update rule; unless given, Adam, or what the model's turns ask for."""
    learning_rate: Annotated[float, Field(gt=0)] | None = None
    """Peak learning rate; unless given, what a game's turns ask for, 0.006 for perceptrons, 0.002 for the rest."""
    weight_decay: Annotated[float, Field(ge=0)] = 0.0
    """Weight decay (decoupled with adamw)."""
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    """How the learning rate falls after the warm-up."""
    warmup: Fraction = 0.05
    """Share of the steps over which the learning rate rises from 0."""
    gradient_clip: Annotated[float, Field(gt=0)] | None = None
    """Largest gradient norm of a turn; longer gradients are shortened to it."""
    patience: Positive | None = None
    """Stop after this many epochs without a better validation bound."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of weights, order and noise."""
    device: str = "auto"
    """Where to train: auto, cpu, cuda or cuda:1, mps (Apple), xpu (Intel)."""
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    """Number format of the networks; auto: bf16 where the hardware multiplies it fast. Losses stay in float32."""
    compile: bool = False
    """Compile the networks with torch.compile (a slow start, then faster steps on some machines)."""
    keep_every: Positive | None = None
    """Keep the weights after every so many epochs (checkpoints/step-*.safetensors) besides the last and the best."""
    log_every: Positive = 50
    """Steps between two rows of metrics.jsonl."""
    tensorboard: bool = False
    """Also write TensorBoard event files into the run folder (needs the extra reparam[tensorboard])."""


TRAINING: dict[str, TrainingConfig] = {
    "autoencoder": TrainingConfig(),
    "vae": TrainingConfig(),
    "avb": TrainingConfig(epochs=30, batch_size=128, schedule="linear", warmup=0.0),
    "gan": TrainingConfig(batch_size=128, schedule="linear", warmup=0.0),
    "wgan": TrainingConfig(batch_size=64, schedule="constant", warmup=0.0),
}
"""How each kind of model is trained unless the user says otherwise."""


class RunConfig(Config):
    """Everything that decides a run; ``model`` is None where Python code composed it."""

    model: ModelConfig | None = None
    data: DataConfig = DataConfig()
    training: TrainingConfig = TrainingConfig()


COMPARED = ("autoencoder-2", "vae-2", "vae-20", "gan", "wgan")
"""The models that a comparison trains unless told others."""
