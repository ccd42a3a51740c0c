"""The pictures of a run, each with the arrays it shows: what the commands write and reports are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.figure import Figure

from reparam import evaluation, plots
from reparam.errors import UserError
from reparam.evaluation.codes.encoding import examples, pick
from reparam.models.gan.wgan import WGAN
from reparam.randomness import generator
from reparam.runs.run import Run
from reparam.runs.snapshots import read_snapshots

CLOUD = 1000


@dataclass(frozen=True)
class Drawn:
    """A figure, the arrays it shows, and what else a reader must be told."""

    figure: Figure
    numbers: dict[str, Any]
    note: str = ""


def samples(
    run: Run,
    n: int = 25,
    seed: int = 0,
    label: str | None = None,
    draws: bool = False,
    candidates: int | None = None,
) -> Drawn:
    """Samples in a grid (images), a scatter (points) or pairs of columns (tables).

    Args:
        run: a trained run.
        n: how many.
        seed: of the noise.
        label: the class to draw, for conditional models.
        draws: show draws x ~ p(x|z) of images instead of the decoder's mean at the same z.
        candidates: see :func:`reparam.sample`.
    """
    drawn = evaluation.sample(run, n, seed, label, candidates)
    shown = drawn.x if draws or not run.data.is_image else drawn.mean
    means = " (decoder means)" if shown is drawn.mean and hasattr(run.model, "likelihood") else ""
    of_class = "" if label is None else f" of class {label}"
    chosen = f", each chosen from {drawn.candidates}" if drawn.candidates > 1 else ""
    title = f"{len(shown):,} samples{of_class}{means} after step {run.step:,}{chosen}"
    figure = plots.samples_picture(shown, run.data.data_shape, title=title)
    return Drawn(figure, {"x": drawn.x, "mean": drawn.mean})


def snapshots(run: Run) -> Drawn:
    """The samples that a run kept while it trained, from the same noise each time.

    Raises:
        UserError: if it kept none.
    """
    kept = read_snapshots(run.folder.figures) if run.folder else []
    if not kept:
        where = run.folder.path if run.folder else "a run in memory"
        raise UserError(f"{where} kept no samples while training: see `reparam sample`")
    labelled = [(f"after step {step:,}", x) for step, x in kept]
    figure = plots.samples_over_training(labelled) if run.data.is_image else _cloud_over_training(run, labelled)
    return Drawn(figure, {f"step_{step}": x for step, x in kept})


def _cloud_over_training(run: Run, labelled: Sequence[tuple[str, Any]]) -> Figure:
    test = next(examples(pick(run.data.test, CLOUD, generator(0, "snapshots")), run.data)).numpy()
    return plots.points_over_training(labelled, test)


def reconstructions(run: Run, n: int = 10, seed: int = 0) -> Drawn:
    """Test examples beside their reconstructions."""
    result = evaluation.reconstruct(run, n, seed)
    numbers = {"x": result.x, "reconstruction": result.reconstruction, "z": result.z}
    if run.data.is_image:
        return Drawn(plots.reconstructions(result.x, result.reconstruction), numbers)
    title = "Test examples (grey) and their reconstructions"
    return Drawn(plots.pair_plot(result.reconstruction, reference=result.x, title=title), numbers)


def manifold(run: Run, size: int = 20) -> Drawn:
    """The decoder's mean over the latent plane.

    Raises:
        UserError: if the data are no images, or the latent is not a plane.
    """
    if not run.data.is_image:
        raise UserError(f"a manifold is a grid of images and {run.data.name!r} are none: see `reparam latents`")
    result = evaluation.manifold(run, size)
    title = "What the latent plane decodes to (equal prior probability per cell)"
    figure = plots.manifold(result.images, result.z1, z2_axis=result.z2, title=title)
    return Drawn(figure, {"images": result.images, "z1": result.z1, "z2": result.z2})


def latents(run: Run, n: int = 5000, seed: int = 0) -> Drawn:
    """Codes of test examples."""
    result = evaluation.latents(run, n, seed)
    explained = None if result.explained is None else result.explained.tolist()
    title = f"Codes of {len(result.z)} test examples"
    figure = plots.latent_scatter(result.z, result.labels, run.data.classes, title=title, explained=explained)
    present = {"z": result.z, "labels": result.labels, "explained": result.explained}
    return Drawn(figure, {name: value for name, value in present.items() if value is not None})


def interpolation(
    run: Run,
    steps: int = 7,
    path: Literal["spherical", "linear"] = "spherical",
    from_label: str | None = None,
    to_label: str | None = None,
    seed: int = 0,
) -> Drawn:
    """A walk between two ends in latent space; the note says how the ends were chosen.

    Raises:
        UserError: if there is nothing between the ends, or they cannot be chosen as asked.
    """
    if steps < 1:
        raise UserError(f"--steps {steps} leaves nothing between the ends: give at least 1")
    result = evaluation.interpolate(run, steps, path, from_label, to_label, seed)
    numbers, title, note = {"x": result.x, "z": result.z}, f"Between {result.ends}", f"ends: {result.ends}"
    if run.data.is_image:
        return Drawn(plots.image_grid(result.x, columns=len(result.x), title=title), numbers, note)
    return Drawn(plots.samples_picture(result.x, run.data.data_shape, title=title), numbers, note)


def curves(run: Run) -> Drawn:
    """The lower bound on training and validation data over training, or a game's readings."""
    quantity = run.model.monitor or run.model.curve
    if quantity is None:
        rows = [row for row in run.rows if "value" in row]
        numbers = {name: np.array([row[name] for row in rows]) for name in (rows[0] if rows else {}) if name != "split"}
        draw = plots.critic_curves if isinstance(run.model, WGAN) else plots.game_curves
        return Drawn(draw(run.rows), numbers)
    rows = [row for row in run.rows if quantity in row]
    columns = {name: np.array([row[name] for row in rows]) for name in ("step", "epoch", "split", quantity)}
    return Drawn(plots.curves(rows, quantity=quantity), columns)
