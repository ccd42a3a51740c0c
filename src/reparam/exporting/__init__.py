"""Parts of a model in the form that other programs run: ONNX and torch.export."""

from reparam.exporting.parts import PARTS
from reparam.exporting.writing import Exported, export

__all__ = ["PARTS", "Exported", "export"]
