"""What a name that is not known was probably meant to be: the one owner of such guesses."""

from collections.abc import Iterable
from difflib import get_close_matches

LIKE = 0.6
"""How alike two names are, from 0 to 1, of which one may have been meant by the other."""


def nearest(name: object, known: Iterable[str], like: float = LIKE) -> str | None:
    """The known name that is most like one that is not; None where none is like it.

    Small and capital letters, hyphens and underscores are alike.

    >>> nearest("Epoch", ["epochs", "steps"]), nearest("elbo_gapp", ["elbo-gap"]), nearest("zzz", ["epochs"])
    ('epochs', 'elbo-gap', None)
    """
    spelled = {_plain(one): one for one in reversed(list(known))}
    close = get_close_matches(_plain(str(name)), spelled, n=1, cutoff=like)
    return spelled[close[0]] if close else None


def meant(name: object, known: Iterable[str], like: float = LIKE, quoted: bool = True) -> str:
    """The guess as it stands behind a name in an error, with a space before it; empty where there is none.

    >>> meant("vea", ["vae", "gan"]), meant("x", ["vae"])
    (" (did you mean 'vae'?)", '')
    """
    close = nearest(name, known, like)
    return "" if close is None else f" (did you mean {close!r}?)" if quoted else f" (did you mean {close}?)"


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")
