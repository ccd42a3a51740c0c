"""What every result can be asked for."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from matplotlib.figure import Figure

from reparam.errors import UserError
from reparam.result import Arrays, plain


@dataclass(frozen=True, repr=False)
class Found(Arrays):
    x: np.ndarray
    value: float
    drawable: bool = True

    @property
    def title(self):
        return "something"

    def figure(self):
        if not self.drawable:
            raise UserError("nothing can be drawn")
        return Figure()


def test_json_knows_everything_that_plain_makes():
    values = {"a": np.float32(0.5), "b": np.int64(3), "c": torch.tensor(2.0), "p": Path("x") / "y", "s": {"only"}}
    lost = {"nan": float("nan"), "inf": np.float64("inf"), "none": None, "array": np.zeros(3), "function": len}
    text = json.dumps(plain(values | lost | {"nested": [values, lost]}), allow_nan=False)
    assert json.loads(text) == {
        **(kept := {"a": 0.5, "b": 3, "c": 2.0, "p": str(Path("x/y")), "s": ["only"]}),
        **(null := {"nan": None, "inf": None, "none": None}),
        "nested": [kept, null],
    }


def test_a_result_shows_itself_in_a_notebook_and_where_it_has_no_picture_by_its_text():
    found = Found(np.zeros((2, 3)), float("inf"))
    assert repr(found) == str(found) == "something\n  numbers: x (2, 3)"
    assert found.json() == {"value": None, "drawable": True, "shapes": {"x": [2, 3]}}
    assert found._repr_png_().startswith(b"\x89PNG")
    assert Found(np.zeros(1), 0.0, drawable=False)._repr_png_() is None
