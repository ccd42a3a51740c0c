"""``reparam.explore``: a model as a page to play with, computed in the page."""

from dataclasses import dataclass, field
from functools import cached_property
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from reparam import checks
from reparam._version import __version__
from reparam.errors import UserError
from reparam.evaluation.pictures import Reconstructions
from reparam.exploring.examples import play_of, shown
from reparam.exploring.models import MOST_PACKED, told_of
from reparam.models.protocols import Encodes, can
from reparam.pages import Page, Playground, Section, render, write
from reparam.result import UNSAID, Result
from reparam.runs.given import of_run
from reparam.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST = 5_000_000
"""Bytes of a page."""


@dataclass(frozen=True, repr=False)
class Explored(Result):
    """A page to play with one model.

    Attributes:
        title: of what it is.
        playground: the model, as the page holds it.
        left_out: what the page does without, a sentence each.
        half: the parts whose weights it holds in float16.
        x: the test examples that it shows, ``(n, *data_shape)``, as the model sees them.
        run: where it comes from.
    """

    title: str
    playground: Playground = field(metadata=UNSAID)
    left_out: tuple[str, ...]
    half: tuple[str, ...]
    x: np.ndarray
    run: Run = field(metadata=UNSAID)

    @cached_property
    def page(self) -> Page:
        """The page: text, and the model."""
        section = Section(
            "The model, computed in this page", notices=self.left_out, figures=[self.playground], text=_TEXT
        )
        return Page(self.title, self.subtitle, [section], f"Made by reparam {__version__}; nothing leaves this page.")

    @property
    def subtitle(self) -> str:
        """What the model is, at which step, and how its weights are kept."""
        told = self.playground.model
        kind, width = type(self.run.model).__name__, told["latent_dim"]
        names = {"judge": "discriminator", "decoder": "generator" if told["judge"] else "decoder"}
        half = " and the ".join(names.get(part, part) for part in self.half)
        rounded = f", weights of the {half} in float16" if half else ""
        step = "" if self.run.step is None else f", step {self.run.step:,}"
        return f"{kind} with {width} latent dimensions{step}{rounded}"

    @cached_property
    def html(self) -> str:
        """The page as text.

        Raises:
            UserError: if it would be larger than 5 MB.
        """
        found = render(self.page)
        if len(found.encode()) > MOST:
            raise UserError(
                f"the page would have {len(found.encode()) / 1e6:.1f} MB, more than 5: give fewer examples, n=..."
            )
        return found

    def save(self, path: str | Path, force: bool = False) -> Path:
        """Write the page, one file that needs nothing else; a file of somebody else's is kept unless ``force``."""
        _ = self.html
        return write(self.page, path, force)

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        """The examples."""
        return {"x": self.x}

    def figure(self) -> "Figure":
        """The examples, and what the model makes of them.

        Raises:
            UserError: if there are none, or the model has no encoder.
        """
        if not len(self.x) or not can(self.run.model, Encodes):
            raise UserError("there are no examples that this model reads: open the page, or draw samples of the run")
        found = self.run.reconstruct(n=len(self.x))
        assert isinstance(found, Reconstructions)
        return found.figure()

    def __str__(self) -> str:
        size = len(self.html.encode()) / 1e6
        return "\n".join([f"{self.title}: {self.subtitle}", f"  a page of {size:.1f} MB: .save(path)",
                          *(f"  {one}" for one in self.left_out)])  # fmt: skip

    def _repr_html_(self) -> str:
        """The page itself, in a frame that may run its script and nothing more."""
        return (f'<iframe srcdoc="{escape(self.html)}" sandbox="allow-scripts" title="{escape(self.title)}" '
                'style="width: 100%; height: 860px; border: 1px solid #999"></iframe>')  # fmt: skip

    def json(self) -> dict[str, Any]:
        """What it is and how large."""
        told = self.playground.model
        parts = [part for part in ("decoder", "encoder", "judge") if told[part]]
        return {"title": self.title, "parts": parts, "half": list(self.half), "left_out": list(self.left_out),
                "examples": len(self.x), "bytes": len(self.html.encode())}  # fmt: skip


_TEXT = (
    "Draw something, choose a test example, or move a slider: the networks are in this file, and run in your browser."
)


@of_run
def explore(run: Run, n: int = 20, seed: int = 0) -> Explored:
    """A page to play with: sliders for every latent, a pen, the bound term by term, the discriminator's opinion, paths.

    Decoder, encoder and discriminator are computed in the page, in float32 where there is room for that and in float16
    where that keeps outputs within 1e-3; the file is below 5 MB.

    Args:
        run: of a model of images or vectors, or its folder.
        n: test examples to choose from, at most.
        seed: of their choice, and of noise.

    Returns:
        The page: ``.save(path)`` writes it, ``.page`` is its content; in a notebook it shows itself.

    Raises:
        UserError: if the decoder has a layer, or a likelihood, that the page does not compute, naming it; if the
            model is too large, or of tables.
    """
    return explored(run, n, seed)


def explored(run: Run, n: int, seed: int = 0, most: int = MOST_PACKED, halved: bool = False) -> Explored:
    """The same of a run, in less room where a page has several: see :func:`reparam.exploring.models.told_of`."""
    checks.whole("n", n)
    if run.record.table is not None:
        more = " and `reparam reconstruct`" if can(run.model, Encodes) else ""
        raise UserError(f"the page draws images and vectors, and {run.record.name!r} is a table of columns: see "
                        f"`reparam sample`{more} for its rows")  # fmt: skip
    given = shown(run, n, seed)
    like = given.x if len(given.x) else torch.zeros(2, *run.record.data_shape)
    told = told_of(run.model, like, most, halved)
    play = play_of(run, told.model, told.weights, given, seed)
    told.model["play"] = play
    caption = "Networks, likelihood, prior and posterior of the run; likelihoods and KL are in nats, of one example."
    command = f"reparam explore {run.folder.typed}" if run.folder else None
    ground = Playground(told.model, told.weights.packed(), caption, command=command)
    title = f"A {type(run.model).__name__} of {run.record.name} to play with"
    return Explored(title, ground, tuple(told.left_out), told.half, given.x.numpy(), run)
