"""Objects that remember what they were constructed with, so that a model can be written down and built again."""

import functools
import inspect
from collections.abc import Mapping
from typing import Any, TypeVar

T = TypeVar("T", bound=type)
KEPT = "_constructed_with"


def recorded(cls: T) -> T:
    """Class decorator: each instance keeps the arguments of its constructor, defaults filled in.

    What a subclass's constructor was given counts, not what it passes on to its base.

    >>> @recorded
    ... class Doubling:
    ...     def __init__(self, width: int, twice: bool = True) -> None: ...
    >>> arguments(Doubling(3))
    {'width': 3, 'twice': True}
    """
    constructor = cls.__init__  # type: ignore[misc]
    signature = inspect.signature(constructor)

    @functools.wraps(constructor)
    def construct(self: Any, *args: Any, **kwargs: Any) -> None:
        if KEPT not in self.__dict__:
            bound = signature.bind(self, *args, **kwargs)
            bound.apply_defaults()
            kept = {name: value for name, value in bound.arguments.items() if name != "self"}
            # past nn.Module, which would take modules among them for parts of its own
            self.__dict__[KEPT] = kept
        constructor(self, *args, **kwargs)

    cls.__init__ = construct  # type: ignore[misc]
    return cls


def arguments(instance: object) -> Mapping[str, Any] | None:
    """What an instance was constructed with; None where its class is not :func:`recorded`."""
    return instance.__dict__.get(KEPT) if hasattr(instance, "__dict__") else None
