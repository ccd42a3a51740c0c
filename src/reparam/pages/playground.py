"""A model to play with: its networks, computed in the page, and what the reader moves, draws and compares with them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup


@dataclass(frozen=True)
class Playground:
    """A model in the page, that the reader tries out: sliders for its code, a pen for its data.

    Args:
        model: what the engine is told: plain JSON, tensors by reference into the heaps.
        heaps: the numbers by kind, packed as text, see :func:`reparam.exploring.weights.pack`.
        caption: what one can do.
        fallback: what is said where no script runs.
        command: what to type to make this alone.
        title: above it, where there are several.
    """

    model: Mapping[str, Any]
    heaps: Mapping[str, str]
    caption: str
    fallback: str = "A browser that runs scripts shows the model here."
    command: str | None = None
    title: str = ""

    numbers = None  # they are the model's own

    @property
    def data(self) -> Markup:
        r"""Model and heaps as JSON that cannot end the element it stands in.

        >>> print(Playground({"a": "</script>"}, {}, "").data)
        {"model":{"a":"\u003c/script>"},"heaps":{}}
        """
        found = json.dumps({"model": self.model, "heaps": self.heaps}, separators=(",", ":"), allow_nan=False)
        return Markup(found.replace("<", "\\u003c"))

    @property
    def encodes(self) -> bool:
        """Whether it reads what is drawn into a code."""
        return bool(self.model.get("encoder"))

    @property
    def judges(self) -> bool:
        """Whether it says what it takes a picture for."""
        return bool(self.model.get("judge"))
