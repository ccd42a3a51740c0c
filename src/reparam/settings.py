"""The settings of a run: typed, checked, frozen; saved as JSON beside the weights, and the source of the flags."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from reparam.errors import UserError
from reparam.nearest import meant

MOST, GREATEST = 10**9, 1e30
"""What no count and no number of the settings exceeds: torch's own types take no more."""
MOST_SHOWN = 200
"""Letters of a value that an error shows: a list may be longer than anybody reads."""
Positive = Annotated[int, Field(gt=0, le=MOST)]
Count = Annotated[int, Field(ge=0, le=MOST)]
Threads = Annotated[int, Field(gt=0, le=1024)]
Several = Annotated[int, Field(ge=2, le=MOST)]
Repeats = Annotated[int, Field(gt=0, le=1000)]
"""Of what is done or made over and over and not broken off between: of a billion, Ctrl-C would wait for the last."""
Widths = Annotated[tuple[Positive, ...], Field(max_length=1000)]
"""Of layers, which are made one after another: of a million nobody would see the end, nor read the record."""
Above = Annotated[float, Field(gt=0, le=GREATEST)]
NotNegative = Annotated[float, Field(ge=0, le=GREATEST)]
Fraction = Annotated[float, Field(ge=0, le=1)]


class Config(BaseModel):
    """Settings that do not change and have no unknown keys.

    Raises:
        UserError: for an unknown key or a value out of range, naming it and what is allowed.

    >>> TrainingConfig(epochs=0)
    Traceback (most recent call last):
    reparam.errors.UserError: epochs: 0 will not do: input should be greater than 0
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _no_truth_for_a_number(cls, settings: Any) -> Any:
        for name in cls.model_fields.keys() & (settings if isinstance(settings, dict) else {}).keys():
            check_truth(name, cls.model_fields[name].annotation, settings[name])
        return settings

    def __init__(self, **settings: Any) -> None:
        try:
            super().__init__(**settings)
        except ValidationError as error:
            raise UserError(explain(error, type(self).model_fields)) from None


def check_truth(name: str, kind: Any, value: Any) -> None:
    """Refuse true and false where a number is asked for: 1 step is not what ``steps = true`` means in a file.

    Raises:
        ValueError: saying so.

    >>> check_truth("steps", int | None, True)
    Traceback (most recent call last):
    ValueError: steps: True will not do: input should be a number
    >>> check_truth("compile", bool, True)
    """
    numbers, truths = {int, float}, bool in _parts(kind)
    given = value if isinstance(value, list | tuple) else (value,)
    if not truths and numbers & _parts(kind) and any(isinstance(one, bool) for one in given):
        raise ValueError(f"{name}: {value!r} will not do: input should be a number")


def _parts(kind: Any) -> set[Any]:
    """The types that a type is put together of, itself included."""
    return {kind}.union(*(_parts(part) for part in get_args(kind)))


PLAIN = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "text",
    "tuple_type": "a list",
    "path_type": "a path",
    "dict_type": "a table of names and values",
}
"""What an input should be, where pydantic says it in Python's words."""


def explain(error: ValidationError, known: Iterable[str] = ()) -> str:
    """One sentence on the first thing a validation found wrong.

    Args:
        error: what it found.
        known: the names that there are.
    """
    first = error.errors()[0]
    message = first["msg"].removeprefix("Value error, ")
    if first["type"] == "value_error":
        return message
    if first["type"] in PLAIN:
        message = f"input should be {PLAIN[first['type']]}"
    name = ".".join(str(part) for part in first["loc"]) or "settings"
    if first["type"] == "extra_forbidden":
        return (
            f"{name} is not a setting here{meant(name, known, quoted=False)}; its documentation lists those there are"
        )
    given = repr(first["input"])
    shown = given if len(given) <= MOST_SHOWN else f"{given[:MOST_SHOWN]}..."
    return f"{name}: {shown} will not do: {message[:1].lower()}{message[1:]}"


class ModelConfig(Config):
    """Settings of a kind of model, which names itself."""

    kind: str
    """The kind, by its name in :data:`reparam.kinds.KINDS`."""


class ReadingConfig(Config):
    """How files, arrays and tables are read; what is not given is found out from them, and said."""

    read_as: Literal["auto", "images", "table", "vectors"] = "auto"
    """What the rows are: images, a table of columns of kinds, or vectors of plain numbers; auto: found out."""
    labels: str | None = None
    """The column of a table that holds the labels, by name, or by number counted from 1; none: no column does."""
    columns: dict[str, str] = Field(default_factory=dict)
    """Kinds of columns, as age=integer income=log sex=category; those not named are found out."""
    drop: tuple[str, ...] = ()
    """Columns that are left out."""
    groups: str | None = None
    """A column whose equal values stay in one split, and that is left out."""
    split_by: str | None = None
    """A column that names each row's split (train, validation, test), stratified (by class), or random."""
    schema_file: str | None = None
    """The schema of a table, as reparam data writes it and a person may have changed it."""
    delimiter: str | None = None
    """What stands between the cells of a text table; found out unless given. tab and space have these names."""
    decimal: Literal[".", ","] | None = None
    """What stands before the decimals of its numbers; found out unless given."""
    missing: tuple[str, ...] = ()
    """Further spellings of a missing cell, besides the usual ones; behind the word only, these alone."""
    header: Literal["auto", "yes", "no"] = "auto"
    """Whether the first line of a text table names its columns; auto: found out."""
    encoding: str | None = None
    """The encoding of a text table, as utf-8 or cp1252; found out unless given."""
    value_range: tuple[float, float] | None = None
    """The values that are black and white in images; found out unless given."""
    bands: tuple[int, ...] = ()
    """Channels of images that are kept, counted from 1, in this order."""
    image_mode: Literal["auto", "grey", "colour"] = "auto"
    """Images in grey or in colour; auto: grey where every file is."""
    image_size: Positive | None = None
    """Bring the images of a folder to N by N pixels."""
    fit: Literal["crop", "pad", "stretch"] = "crop"
    """How images of another shape become square: cut, laid on the background, or stretched."""
    background: str = "white"
    """The colour that transparent images are laid on, by name or as #rrggbb."""
    frames: Literal["first", "all"] = "first"
    """Of files of several pictures, the first or all."""
    skip_broken: bool = False
    """Go on without the image files that cannot be read, instead of refusing."""

    def asked(self) -> dict[str, Any]:
        """What differs from the defaults, as JSON can hold it."""
        return {name: value for name, value in self.model_dump(mode="json").items()
                if name in ReadingConfig.model_fields and value != _EVERY_DEFAULT[name]}  # fmt: skip

    def reading(self) -> "ReadingConfig":
        """These settings alone, where they stand among others."""
        return ReadingConfig(**self.asked())


_EVERY_DEFAULT = ReadingConfig().model_dump(mode="json")


class DataConfig(ReadingConfig):
    """Which data, and how they are read."""

    data: str = "mnist"
    """A name (mnist, static-mnist, fashion-mnist, ring, grid, moons, two-gaussians) or a path (see reparam data)."""
    binarization: Literal["auto", "none", "threshold", "dynamic"] = "auto"
    """How grey values become 0 or 1; auto: dynamic where the likelihood is Bernoulli, else none."""
    split_seed: int = 0
    """Seed of the split, of toy data and of the once-binarized validation and test images."""


EPOCHS, BATCH_SIZE = 12, 256
"""Passes over the training data, and examples per batch, where nothing else is said."""


class TrainingConfig(Config):
    """How a model is trained."""

    @model_validator(mode="after")
    def _one_length(self) -> Self:
        if self.epochs is not None and self.steps is not None and type(self) is TrainingConfig:
            raise ValueError(f"epochs={self.epochs} and steps={self.steps} are both lengths of the training: give one")
        return self

    epochs: Positive | None = None
    """Passes over the training data; unless given, what suits model and data: 12 for most, 2,000 steps at least."""
    steps: Positive | None = None
    """Training steps instead of epochs."""
    batch_size: Positive | None = None
    """Examples per batch; unless given, 256, and fewer where an epoch would have fewer than eight batches."""
    optimizer: Literal["adam", "adamw", "rmsprop", "sgd"] | None = None
    """The update rule; unless given, Adam, or what the model's turns ask for."""
    learning_rate: Above | None = None
    """Peak learning rate; unless given, what a game's turns ask for, 0.006 for perceptrons, 0.002 for the rest."""
    weight_decay: NotNegative = 0.0
    """Weight decay (decoupled with adamw)."""
    schedule: Literal["cosine", "linear", "constant"] = "cosine"
    """How the learning rate falls after the warm-up."""
    warmup: Fraction = 0.05
    """Share of the steps over which the learning rate rises from 0."""
    reach: Above | None = None
    """Largest learning rate times inputs of a linear layer, wider ones learn slower; perceptrons: 4.7 unless given."""
    gradient_clip: Above | None = None
    """Largest gradient norm of a turn; unless given, 0.3 a value under a normal likelihood, 10 at least."""
    patience: Count | None = None
    """Stop after so many epochs without a better validation bound (0: never); unless given, on little data."""
    validate_every: Positive | None = None
    """Epochs from one validation to the next; unless given 1, and more where these have few steps and are many."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of weights, order and noise."""
    device: str = "auto"
    """Where to train: auto, cpu, cuda or cuda:1, mps (Apple), xpu (Intel)."""
    precision: Literal["auto", "fp32", "tf32", "bf16"] = "auto"
    """Number format of the networks; auto: bf16 where the hardware multiplies it fast; tf32: products, on CUDA."""
    products: Literal["auto", "torch", "onednn"] = "auto"
    """The library that multiplies float32 matrices of linear layers on the CPU; auto: by who made the processor."""
    memory: NotNegative | None = None
    """Gigabytes that training may take, more is refused; unless given, what is free (0: try whatever it takes)."""
    compile: bool = False
    """Compile the networks with torch.compile (a slow start, then faster steps on some machines)."""
    cuda_graphs: bool = True
    """On CUDA, record a turn's kernels once and replay them where its loss allows: the same bits, sooner."""
    fuse: Literal["auto", "yes", "no"] = "no"
    """Compile each turn's loss with its gradient, on the CPU (needs a C++ compiler); auto: from 50,000 steps on."""
    keep_every: Positive | None = None
    """Keep the weights after every so many epochs (checkpoints/step-*.safetensors) besides the last and the best."""
    shards: Positive = 1
    """Parts that a batch is computed in, a power of two: on one process for its memory, or dealt out to several."""
    batch_norm_over: Literal["shard", "batch"] = "shard"
    """What batch norm normalizes over: each shard by itself, or all of them together, which are then held at once."""
    log_every: Positive = 50
    """Steps between two rows of metrics.jsonl."""
    test: bool = True
    """Judge the run by the test split in the end; turned off, it stays unjudged, as runs of a sweep but the winner."""
    tensorboard: bool = False
    """Also write TensorBoard event files into the run folder (needs the extra reparam[tensorboard])."""
    log: tuple[Literal["tensorboard", "wandb", "mlflow"], ...] = ()
    """Trackers that are told of every row, each an extra of that name: reparam[wandb], reparam[mlflow]."""


class ResolvedTraining(TrainingConfig):
    """How a model is trained, with nothing left open: what a run writes down, and goes on by."""

    steps: Positive
    """Training steps in all."""
    validate_every: Positive = 1
    """Epochs from one validation to the next."""
    batch_size: Positive
    """Examples per batch."""
    precision: Literal["fp32", "tf32", "bf16"]
    """Number format of the networks."""
    products: Literal["torch", "onednn"] = "torch"
    """The library that multiplies; what was written before there was a choice is PyTorch's."""
    fuse: Literal["yes", "no"] = "no"
    """Whether each turn's loss and its gradient are compiled."""
    device: str
    """The kind of device: cpu, cuda, mps or xpu."""
    optimizers: dict[str, dict[str, Any]]
    """By turn: the update rule under ``optimizer``, and all that its constructor is given."""
    threads: Positive
    """Threads of the processor; sums round in another order with another number of them."""


FREE = frozenset({"cuda_graphs"})
"""Settings of a training that change no bit: a run may go on with others than it was begun with."""

COMPARED = ("autoencoder-2", "vae-2", "vae-20", "gan", "wgan")
"""The models that a comparison trains unless told others."""
