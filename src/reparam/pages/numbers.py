"""Numbers as a person reads them: a true minus sign, few digits, units where they are not in the column's head."""

import math
import re

ABSENT = "–"
"""What stands for a number that is not there: None, or NaN."""

_NUMERIC = re.compile(r"(<\s?)?[+−-]?\d[\d,.]*( ± [\d,.]+)?\s?(%|×|s|ms|min( \d+ s)?|h( \d+ min)?|nats|bits)?")


def nats(value: float | None, error: float | None = None, digits: int = 2) -> str:
    """A likelihood or divergence in nats, with its standard error where there is one.

    >>> nats(-101.834), nats(-101.834, 0.051), nats(25.0, digits=1), nats(None)
    ('−101.83', '−101.83 ± 0.05', '25.0', '–')
    """
    if value is None or math.isnan(value):
        return ABSENT
    text = _true_minus(f"{value:z,.{digits}f}")
    return text if error is None or math.isnan(error) else f"{text} ± {error:,.{digits}f}"


def number(value: float | None) -> str:
    """Any number: whole ones with thousands apart, others with four significant digits.

    >>> number(50_000), number(0.0123456), number(-3.0), number(float("inf"))
    ('50,000', '0.01235', '−3', '∞')
    """
    if value is None or math.isnan(value):
        return ABSENT
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if float(value).is_integer() and abs(value) < 1e15:
        return _true_minus(f"{int(value):,}")
    return _true_minus(f"{value:,.0f}" if 1e4 <= abs(value) < 1e15 else f"{value:.4g}")


def percent(share: float | None, digits: int = 1) -> str:
    """A share of one as a percentage.

    >>> percent(0.9731)
    '97.3 %'
    """
    return ABSENT if share is None or math.isnan(share) else _true_minus(f"{100 * share:z.{digits}f} %")


def ratio(value: float | None) -> str:
    """How many times as much or as fast.

    >>> ratio(5.13)
    '5.1×'
    """
    return ABSENT if value is None or math.isnan(value) else f"{value:.1f}×"


def duration(seconds: float | None) -> str:
    """A time in the two units that matter.

    >>> duration(0.0421), duration(4.24), duration(83.4), duration(3725)
    ('42 ms', '4.2 s', '1 min 23 s', '1 h 2 min')
    """
    if seconds is None or not math.isfinite(seconds):
        return ABSENT
    if seconds < 1:
        return f"{1000 * seconds:.0f} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def is_numeric(text: str) -> bool:
    """Whether a table's cell reads as a number, and so belongs at the right of its column.

    >>> [is_numeric(text) for text in ("−101.83 ± 0.05", "5.1×", "1 min 23 s", "–", "vae-20", "2 layers")]
    [True, True, True, True, False, False]
    """
    return text in (ABSENT, "∞", "−∞") or _NUMERIC.fullmatch(text) is not None


def as_number(text: str) -> float | None:
    """The number that a text begins with; None of words, and where none is there.

    >>> as_number("−1,101.83 ± 0.05"), as_number("97.3 %"), as_number("<\N{NO-BREAK SPACE}0.001"), as_number("gan 2")
    (-1101.83, 97.3, 0.001, None)
    """
    if text in ("∞", "−∞"):
        return math.inf if text == "∞" else -math.inf
    found = re.match(r"<?\s*([+−-]?\d[\d,]*(?:\.\d+)?(?:e[+−-]?\d+)?)", text)
    return float(found[1].replace("−", "-").replace(",", "")) if found else None


def _true_minus(text: str) -> str:
    """The hyphen that Python writes, as the sign that is as wide as a digit."""
    return text.replace("-", "−")
