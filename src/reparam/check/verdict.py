"""What a check says of a function: right, or what is wrong with it, and never what would be right."""

from dataclasses import dataclass, field
from typing import Any

from reparam.result import plain


@dataclass(frozen=True, repr=False)
class Verdict:
    """The outcome of a check.

    Attributes:
        name: of the task.
        faults: what is wrong, a sentence each; none where the function is right.
        tried: what was compared, in words.

    >>> print(Verdict("kl", tried="value and gradient on 4 random inputs"))
    kl: right (value and gradient on 4 random inputs)
    >>> print(Verdict("kl", ("the sign is wrong",)))
    kl: not yet
      - the sign is wrong
    """

    name: str
    faults: tuple[str, ...] = field(default=())
    tried: str = ""

    @property
    def right(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults

    def __bool__(self) -> bool:
        return self.right

    def __str__(self) -> str:
        if self.right:
            return f"{self.name}: right ({self.tried})"
        return "\n".join([f"{self.name}: not yet", *(f"  - {fault}" for fault in self.faults)])

    def __repr__(self) -> str:
        return str(self)

    def json(self) -> dict[str, Any]:
        """As JSON can hold it."""
        found: dict[str, Any] = plain(self)
        return found | {"right": self.right}
