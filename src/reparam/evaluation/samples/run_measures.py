"""Every measure of a run, in one call."""

from dataclasses import replace
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from reparam.data import Dataset
from reparam.errors import UserError
from reparam.evaluation.codes.encoding import code_form
from reparam.evaluation.codes.latent_usage import latent_usage
from reparam.evaluation.draws import drawing
from reparam.evaluation.samples.features import Asked
from reparam.evaluation.samples.frechet import frechet_distance
from reparam.evaluation.samples.path_length import path_length_of
from reparam.evaluation.samples.scorecard import Draws, Scorecard, SplitName
from reparam.evaluation.samples.yardstick import Yardstick
from reparam.hardware import exact
from reparam.models.model import Model
from reparam.models.protocols import Encodes, can
from reparam.runs.given import of_run
from reparam.runs.run import Run, read_again


@of_run
def measures(
    run: Run,
    n: int = 10_000,
    seed: int = 0,
    reference: SplitName = "train",
    *,
    features: Asked = "auto",
    draws: Draws | Literal["auto"] = "auto",
    all_measures: bool = False,
) -> Scorecard:
    """Fidelity, diversity, memorization and use of the latent space of a run, each with its error and its conditions.

    To measure several runs of one data set, make a :func:`yardstick_of` once and call :func:`measure_run` for each; its
    ``floor()`` measures the test set in the same way.

    Args:
        run: a trained run, or its folder.
        n: samples, and examples of reference, at most.
        seed: of every choice and draw.
        reference: the split to compare with.
        features: ``auto``, ``raw``, ``random-conv``, ``self``, ``inception``, ``dinov2``, or a network or
            function (see :func:`reparam.evaluation.samples.features.choose_features`).
        draws: ``mean``: decoder means beside data that are not binarized, the custom for images; ``sample``: draws of x
            beside data as the model sees them; ``auto``: means of grey and colour images, draws of everything else.
        all_measures: take those that take seconds a run, too.

    Raises:
        UserError: if there are fewer than 60 examples, samples that are not finite, or unknown features or splits.
    """
    return measure_run(
        run, yardstick_of(run, n, seed, reference, features=features, draws=draws, all_measures=all_measures)
    )


@of_run
def yardstick_of(
    run: Run,
    n: int = 10_000,
    seed: int = 0,
    reference: SplitName = "train",
    *,
    features: Asked = "auto",
    draws: Draws | Literal["auto"] = "auto",
    all_measures: bool = False,
) -> Yardstick:
    """What a run, and others of the same data, are measured by; see :func:`measures`."""
    data, decided = compared_data(run, draws)
    return Yardstick(data, n, seed, reference, features=features, draws=decided, all_measures=all_measures)


@of_run
@exact()
def measure_run(run: Run, by: Yardstick, name: str = "") -> Scorecard:
    """Draw from a run and measure.

    Args:
        run: of a model of the yardstick's data, binarized or not.
        by: the yardstick.
        name: for the record; the run's folder, or the model's class, unless given.

    Raises:
        UserError: if the run is of other data, or its samples are not finite.
    """
    if run.data.fingerprint != by.data.fingerprint:
        raise UserError(f"the run was trained on {run.data.name!r} and is measured by other data, {by.data.name!r}")
    x = _samples(run, by)
    latents = latent_usage(run, by.n, by.seed) if _has_units(run.model) else None
    path = path_length_of(run.model, by.features, by.seed) if by.all_measures else None
    return by.measure(x, name or (run.folder.name if run.folder else type(run.model).__name__), latents, path)


@exact()
def distance_of(run: Run, by: Yardstick) -> float:
    """The Fréchet distance alone between draws from a run and the yardstick's examples of reference.

    No other split is looked at, as the nearest training examples and the use of the latent space make necessary.

    Raises:
        UserError: as :func:`measure_run`.
    """
    if run.data.fingerprint != by.data.fingerprint:
        raise UserError(f"the run was trained on {run.data.name!r} and is measured by other data, {by.data.name!r}")
    return frechet_distance(by.reference_features, by.features(_samples(run, by)[: by.n].cpu().float())).value


def _has_units(model: Model) -> bool:
    """Whether there is a use of the latent space to measure: codes of data, of real numbers."""
    return can(model, Encodes) and code_form(model).real


def compared_data(run: Run, draws: str = "auto") -> tuple[Dataset, Draws]:
    """The data that samples are compared with, and what is drawn: the means of images beside grey values, say.

    Args:
        run: whose data, read again where its own are binarized and means are drawn.
        draws: ``mean``, ``sample`` or ``auto``, see :func:`yardstick_of`.

    Raises:
        UserError: if ``draws`` is none of these, or the grey values cannot be read again.
    """
    if draws not in ("auto", "mean", "sample"):
        raise UserError(f"draws {draws!r} are unknown: give mean, sample or auto")
    data = run.data
    if draws == "sample" or (draws == "auto" and (not data.is_image or _always_binary(data))):
        return data, "sample"
    if data.binarization == "none":
        return data, "mean"
    plain = _unbinarized(run)
    if plain is None and draws == "mean":
        raise UserError(
            f"the grey values behind the binarized {data.name!r} cannot be read again to compare means with: compare "
            "draws instead (draws='sample')"
        )
    return (data, "sample") if plain is None else (plain, "mean")


def _always_binary(data: Dataset) -> bool:
    return data.binary and data.binarization == "none"


def _unbinarized(run: Run) -> Dataset | None:
    """The same data without binarization, read again; None where they came from elsewhere."""
    try:
        plain = replace(run.record, binarization="none", binary=False)
        data = read_again(plain, run.config.data, run.where)
    except UserError:
        return None
    return data if data.fingerprint == run.data.fingerprint else None


def _samples(run: Run, by: Yardstick) -> Tensor:
    """Draws, or their means, as many as the yardstick measures.

    A model that has diverged is refused before distributions without finite parameters are drawn from.

    Raises:
        UserError: if means of its samples are not finite.
    """
    drawn = drawing(run, by.n, by.seed, as_seen=True)
    means = drawn.x if drawn.mean is None else drawn.mean
    wanted = np.asarray(means) if by.draws == "mean" else None
    finite = [np.isfinite(piece.reshape(len(piece), -1)).all(1) for piece in (means if wanted is None else [wanted])]
    lost = sum(int((~rows).sum()) for rows in finite)
    if lost:
        raise UserError(
            f"{lost} of {by.n} samples are not finite: its training has diverged, train it anew with a lower "
            "`learning_rate`"
        )
    return torch.from_numpy(np.asarray(drawn.x) if wanted is None else wanted)
