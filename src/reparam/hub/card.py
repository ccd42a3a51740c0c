"""The card of a model: what it is, what it was trained on, what is known of it and how well, what it is for."""

import json
from collections.abc import Mapping
from typing import Any

from reparam._version import __version__
from reparam.kinds import kind_of
from reparam.models.protocols import Encodes, HasPrior, Samples, can, named
from reparam.networks.size import count_parameters
from reparam.runs.run import Run

_OR = "\n```\n\nOr `reparam sample hf://{}`. Nothing that is fetched is run: JSON and safetensors."
USES = """It shows what such a model learns, and is a baseline to compare others with. Nothing it makes is a fact:
samples are draws of a distribution that resembles the training data, their faults and biases included. It was not tried
on other data, and is not for decisions about people."""


def card(run: Run, name: str, licence: str | None, pictures: Mapping[str, str], measured: str | None, why: str) -> str:
    """The card as Markdown, its head as the hub reads it.

    Args:
        run: whose it is.
        name: ``owner/name``.
        licence: of the weights, or None.
        pictures: files beside it, with what they show.
        measured: what evaluation said, errors and floor included, or None.
        why: nothing was measured.
    """
    parts = [
        _head(run, licence),
        f"# {name.partition('/')[2]}",
        _what(run),
        *(f"![{said}]({file})\n\n*{said[:1].upper()}{said[1:]}.*" for file, said in pictures.items()),
        "## Use it",
        _use(run, name),
        "## Training data",
        _data(run),
        "## Training",
        _training(run),
        "## Measured",
        _numbers(run, measured, why),
        "## Intended use, and limits",
        USES,
        "## Licence",
        f"The weights: {licence}." if licence else "None was given by who pushed it: ask before you use the weights.",
        f"*Written by reparam {__version__} from the run's own record.*",
    ]
    return "\n\n".join(parts) + "\n"


def _head(run: Run, licence: str | None) -> str:
    kind = kind_of(run.model)
    head: dict[str, Any] = {"library_name": "reparam", "tags": ["reparam", *([kind.name] if kind else [])]}
    if licence:
        head["license"] = licence
    if run.record.is_image and can(run.model, Samples):
        head["pipeline_tag"] = "unconditional-image-generation"
    return "---\n" + "\n".join(f"{name}: {json.dumps(value)}" for name, value in head.items()) + "\n---"


def _what(run: Run) -> str:
    kind = kind_of(run.model)
    what = f"{kind.what}" if kind else named(run.model)
    size = f"{count_parameters(run.model):,} parameters"
    own = "" if kind else " It is composed of classes of its author's, which have to be given to load it."
    return f"{what[:1].upper()}{what[1:]} of {run.record.name}, {size}, at step {run.step:,}.{own}"


def _use(run: Run, name: str) -> str:
    lines = ["import reparam", "", f'run = reparam.load("hf://{name}")']
    if can(run.model, Samples):
        lines.append("run.sample(25)")
    if can(run.model, Encodes):
        lines.append("run.encode(x)  # x in the form of the training data, see below")
    return "```python\n" + "\n".join(lines) + _OR.format(name)


def _data(run: Run) -> str:
    data = run.record
    sizes = ", ".join(f"{count:,} {split}" for split, count in data.sizes.items())
    classes = f" Classes: {', '.join(data.classes[:20])}." if data.classes else ""
    unit = f" What the model sees is the raw value divided by {data.scale:g}." if data.scale != 1 else ""
    coins = "" if data.binarization == "none" else f" Values were made 0 or 1 ({data.binarization})."
    return (
        f"{data.name}: {sizes}, each of shape {tuple(data.data_shape)}.{unit}{coins}{classes} "
        f"Fingerprint `{data.fingerprint[:16]}`, split by seed {data.seed}."
    )


def _training(run: Run) -> str:
    assert run.written is not None
    training = run.written.training
    told = [f"{training.steps:,} steps of {training.batch_size} examples", f"seed {training.seed}", training.precision]
    rates = {one.get("learning_rate") for one in training.optimizers.values()}
    told += [f"learning rate {', '.join(f'{rate:g}' for rate in rates if rate)}"] if any(rates) else []
    machine = run.written.machine
    versions = f"reparam {machine.get('reparam')}, torch {machine.get('torch')}"
    return f"{'; '.join(told)}; {versions}. `config.json` has all of it."


def _numbers(run: Run, measured: str | None, why: str) -> str:
    rows = [f"| {name} | {value:.4g} |" for name, value in run.test.items() if isinstance(value, float)]
    table = "Of the test split, in nats per example:\n\n| quantity | mean |\n|---|---|\n" + "\n".join(rows) + "\n\n"
    said = (
        f"By `reparam evaluate`, with errors, and the floor that real test examples reach:\n\n```\n{measured}\n```"
        if measured
        else f"Fidelity and coverage of samples were not measured when it was pushed: {why}."
    )
    prior = "" if can(run.model, HasPrior) or not can(run.model, Samples) else " It has no prior: see `reparam info`."
    return (table if rows else "") + said + prior
