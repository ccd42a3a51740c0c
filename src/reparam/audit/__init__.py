"""The gradient audit: which sampled variable blocks a gradient, and where. The module itself can be called."""

import sys
from types import ModuleType
from typing import Any

from reparam.audit.api import Watch, audit
from reparam.audit.report import Check, Direction, Group, Node, Report

__all__ = ["Check", "Direction", "Group", "Node", "Report", "Watch", "audit"]


class _Callable(ModuleType):
    """``reparam.audit(...)`` is ``reparam.audit.audit(...)``: the package and its one function share a name."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """See :func:`audit`."""
        return audit(*args, **kwargs)


sys.modules[__name__].__class__ = _Callable
