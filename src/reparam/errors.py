"""What a user is told when what they gave cannot work."""

import errno
import sys
import warnings


class UserError(Exception):
    """Something the user gave cannot be used; the message says what, which value, and what would do.

    The command prints the message alone (no traceback) and exits with code 2.
    """


class Refused(UserError):
    """The system refuses, which says nothing of what was asked for: called again, it may let it be done."""


class Notice(UserWarning):
    """Something that a user should know, though the work goes on without it; see :func:`tell`."""


def tell(sentence: str) -> None:
    """Say something that is no error: a warning of Python's, which the command prints on standard error.

    Python shows it with the line that it is said of, which is the caller's own: none of ours tells him anything.
    """
    level, frame = 1, sys._getframe()
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] == "reparam":
        level, frame = level + 1, frame.f_back
    warnings.warn(sentence, Notice, stacklevel=level)


def is_of_the_system(error: BaseException | None) -> bool:
    """Whether an error comes of one of the system's; of memory there is too little for what was asked for.

    >>> try:
    ...     open("nowhere/at/all")
    ... except OSError as error:
    ...     is_of_the_system(error), is_of_the_system(UserError("3 will not do"))
    (True, False)
    """
    while error is not None and not isinstance(error, OSError | Refused):
        error = error.__cause__ or error.__context__
    return error is not None and getattr(error, "errno", None) != errno.ENOMEM


def printable(text: str) -> str:
    r"""A name out of a file with everything spelled out that a terminal would act on or could not show.

    >>> printable("Bild é\x1b[31m\n")
    'Bild é\\x1b[31m\\n'
    """
    return "".join(c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text)
