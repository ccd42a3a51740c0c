"""What happened since the last logged row: terms and gradient norms of every step, checked and averaged together.

Nothing is read off the device while steps run: vectors pile up, and are looked at once per row.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from reparam.errors import UserError


class NotFinite(UserError):
    """A loss or a gradient became infinite or not a number."""


class Track:
    """One turn's record: what its terms and parameters are called, and their values per repeat of the turn."""

    def __init__(self, turn: str, parameters: Sequence[str]) -> None:
        self.turn, self.parameters = turn, list(parameters)
        self.terms: list[str] = []
        self.steps: list[int] = []
        self.values: list[Tensor] = []
        self.norms: list[Tensor] = []

    def record(self, step: int, terms: Sequence[str], values: Tensor, norms: Tensor) -> None:
        """Keep a turn's terms ``(terms,)`` and its gradient norms ``(parameters,)``, without waiting for them."""
        self.terms = list(terms)
        self.steps.append(step)
        self.values.append(values)
        self.norms.append(norms)

    def check(self) -> None:
        """Refuse to go on after the first step whose terms or gradients are not finite.

        Raises:
            NotFinite: naming turn, step, and term or parameter.
        """
        if not self.steps:
            return
        bad_terms, bad_norms = (~torch.isfinite(torch.stack(rows)).cpu() for rows in (self.values, self.norms))
        bad = (bad_terms.any(1) | bad_norms.any(1)).nonzero()
        if len(bad):
            row = int(bad[0])
            raise NotFinite(self._complaint(row, bad_terms[row], bad_norms[row]))

    def _complaint(self, row: int, bad_terms: Tensor, bad_norms: Tensor) -> str:
        what = []
        if bad_terms.any():
            index = int(bad_terms.nonzero()[0])
            what.append(f"term {self.terms[index]!r} is {self.values[row][index].item():g}")
        if bad_norms.any():
            index = int(bad_norms.nonzero()[0])
            what.append(f"the gradient of parameter {self.parameters[index]!r} is {self.norms[row][index].item():g}")
        return (
            f"turn {self.turn!r} at step {self.steps[row]}: {' and '.join(what)}; the last good checkpoint is kept: "
            "try a lower `learning_rate`, gradient_clip=1, or look for NaN and huge values in the data"
        )

    def means(self) -> dict[str, float]:
        """Averages of the terms since the last row, and of the whole gradient's norm."""
        values = torch.stack(self.values).cpu().double().mean(0).tolist()
        norm = torch.stack(self.norms).cpu().double().square().sum(1).sqrt().mean().item()
        return {**dict(zip(self.terms, values, strict=True)), "gradient_norm": norm}

    def clear(self) -> None:
        """Forget, after a row is written."""
        self.steps, self.values, self.norms = [], [], []


class Ledger:
    """The tracks of all turns.

    Args:
        parameters: for each turn's name, the names of the parameters it moves.
    """

    def __init__(self, parameters: Mapping[str, Sequence[str]]) -> None:
        self.tracks = {turn: Track(turn, names) for turn, names in parameters.items()}

    def check(self) -> None:
        """See :meth:`Track.check`."""
        for track in self.tracks.values():
            track.check()

    def close(self) -> dict[str, dict[str, float]]:
        """Check, average and forget: for each turn its terms and ``gradient_norm``.

        Raises:
            NotFinite: see :meth:`Track.check`.
        """
        self.check()
        means = {turn: track.means() for turn, track in self.tracks.items()}
        for track in self.tracks.values():
            track.clear()
        return means

    def state(self) -> dict[str, Tensor]:
        """The open row as tensors, so that a run interrupted between rows writes the same row when resumed."""
        return {
            f"{turn}/{what}": torch.stack(rows)
            for turn, track in self.tracks.items()
            for what, rows in (("values", track.values), ("norms", track.norms))
            if rows
        }

    def restore(
        self, tensors: Mapping[str, Tensor], terms: Mapping[str, Sequence[str]], steps: Mapping[str, Sequence[int]]
    ) -> None:
        """Reopen the row that :meth:`state` saved."""
        for turn, track in self.tracks.items():
            if f"{turn}/values" in tensors:
                track.terms, track.steps = list(terms[turn]), list(steps[turn])
                track.values = list(tensors[f"{turn}/values"].unbind())
                track.norms = list(tensors[f"{turn}/norms"].unbind())
