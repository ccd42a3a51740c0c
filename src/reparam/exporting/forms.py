"""The forms that a part is written in: each traces it once for every batch size, writes it, and runs what it wrote."""

import io
import json
import logging
import warnings
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from reparam.errors import UserError
from reparam.files import MADE_BY

Runner = Callable[[Sequence[Tensor]], list[np.ndarray]]
KEY = "reparam"
"""Under which a file says what it holds, as JSON."""


@dataclass(frozen=True)
class Form:
    """A form.

    Args:
        ending: of its files.
        write: from the traced part, names of what goes in and comes out, and what is said of it, to bytes.
        runner: from those bytes to what runs them; None where nothing here can.
    """

    ending: str
    write: Callable[[Any, list[str], list[str], Mapping[str, Any]], bytes]
    runner: Callable[[bytes], Runner | None]


def traced(part: nn.Module, example: tuple[Tensor, ...]) -> Any:
    """The part as torch.export has it, for any size of batch."""
    size = torch.export.Dim("batch", min=1)
    with torch.no_grad(), torch.autocast("cpu", enabled=False), _quiet():
        return torch.export.export(part.eval(), example, dynamic_shapes=(tuple({0: size} for _ in example),))


def _onnx(program: Any, inputs: list[str], outputs: list[str], said: Mapping[str, Any]) -> bytes:
    try:
        import onnxscript  # noqa: F401
    except ImportError:
        raise UserError("ONNX needs onnx and onnxscript: pip install 'reparam[onnx]'") from None
    with _quiet():
        made = torch.onnx.export(program, input_names=inputs, output_names=outputs, dynamo=True, verbose=False)
    assert made is not None
    model = made.model_proto
    model.producer_name = MADE_BY
    entry = model.metadata_props.add()
    entry.key, entry.value = KEY, json.dumps(said)
    content: bytes = model.SerializeToString()
    return content


def _onnxruntime(content: bytes) -> Runner | None:
    try:
        import onnxruntime
    except ImportError:
        return None
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_inputs()]
    return lambda inputs: session.run(None, {name: x.numpy() for name, x in zip(names, inputs, strict=True)})


def _torch_export(program: Any, inputs: list[str], outputs: list[str], said: Mapping[str, Any]) -> bytes:
    buffer = io.BytesIO()
    with _quiet():
        torch.export.save(program, buffer, extra_files={f"{KEY}.json": json.dumps(said)})
    with zipfile.ZipFile(buffer, "a") as archive:
        archive.comment = MADE_BY.encode()
    return buffer.getvalue()


def _torch_runner(content: bytes) -> Runner:
    with _quiet():
        module = torch.export.load(io.BytesIO(content)).module()
    return lambda inputs: [found.detach().numpy() for found in module(*inputs)]


@contextmanager
def _quiet() -> Iterator[None]:
    """Without what the exporters say of themselves."""
    loud = [logging.getLogger(name) for name in ("torch.onnx", "torch.export", "onnxscript", "onnx_ir")]
    levels = [one.level for one in loud]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            for one in loud:
                one.setLevel(logging.ERROR)
            yield
        finally:
            for one, level in zip(loud, levels, strict=True):
                one.setLevel(level)


FORMS = {
    "onnx": Form(".onnx", _onnx, _onnxruntime),
    "torch-export": Form(".pt2", _torch_export, _torch_runner),
}
"""By name, as ``to=`` takes them."""
