"""Columns of texts as numbers, truth values, dates or words, and which cells of them are mistakes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from reparam.data.readers.text.dates import dates_of
from reparam.data.readers.text.digits import most_decimals
from reparam.data.readers.text.growing import STRANGE, converted
from reparam.data.readers.text.numbers import LEADING_ZERO, ORDER, Format, decimal_of, sign_of
from reparam.data.readers.text.rules import NUMBERS, WORDS, Rules
from reparam.data.readers.text.spellings import truth_of
from reparam.data.readers.text.texts import Texts, Typed

NOT_A_TIME = np.datetime64("NaT", "us")
LARGEST = 2.0**63
WRITTEN_OUT = 1e30
"""Nobody writes out so many digits: they are measurements, with an exponent."""
FEW = 20
"""So many different numbers, and words besides, may be levels of a category."""


def understood(name: str, words: Sequence[str], codes: np.ndarray, rules: Rules) -> Typed:
    """A column of texts as what it is: numbers, truth values, dates, or else words.

    Args:
        name: of the column.
        words: the different texts, without spaces around them.
        codes: ``(n,)`` for each row the place of its text among them.
        rules: what is known besides.

    >>> found = understood("paid", ["1,234.50 €", "n/a", "12.00 €"], np.array([0, 1, 2, 0]), Rules())
    >>> found.column.values, found.spelled
    (array([1234.5,    nan,   12. , 1234.5]), {'n/a': 1})
    """
    texts = Texts(name, words, codes, rules.spellings)
    asked = rules.asked.get(name, "")
    ways = (_numbers,) if rules.plain else (_numbers, _signed, _truths, _dates)
    found = next((typed for way in ways if (typed := way(texts, rules)) is not None), None)
    if asked in WORDS and found is not None and found.wrong:
        found = None
    if found is None and not rules.plain and asked not in WORDS:
        found = _mistaken(texts, rules)
    words_alone = texts.column({word: word for word in texts.seen}, "", np.object_)
    return found or Typed(words_alone, _codes(texts), texts.spelled)


def _numbers(texts: Texts, rules: Rules) -> Typed | None:
    words = list(texts.seen)
    form = rules.form(words)
    if form is None or (_codes(texts) and not rules.plain and rules.asked.get(texts.name) not in NUMBERS):
        return None
    return _of_numbers(texts, dict(zip(words, map(form.plain, words), strict=True)), form, rules)


def _signed(texts: Texts, rules: Rules) -> Typed | None:
    """Numbers behind or before one sign of currency, or per cent."""
    words = list(texts.seen)
    found = sign_of(words)
    form = rules.form(found[1]) if found else None
    if found is None or form is None:
        return None
    plain = dict(zip(words, map(form.plain, found[1]), strict=True))
    rules = replace(rules, shown=rules.shown or decimal_of([found[1]]) is not None)
    return _of_numbers(texts, plain, form, rules, f"{found[0]!r} left out of numbers")


def _of_numbers(texts: Texts, plain: Mapping[str, str | None], form: Format, rules: Rules, *more: str) -> Typed:
    """A column of numbers, given by its words."""
    written = [text or "" for text in plain.values()]
    whole = converted(written, int) if written else None
    values = (np.array(list(map(float, written)), np.float64) if whole is None else whole).tolist()
    by_word = dict(zip(plain, values, strict=True))
    infinite = {word for word, value in by_word.items() if abs(value) == np.inf}
    if whole is None:
        column = texts.column(by_word, np.nan, np.float64, most_decimals("\n".join(written)))
    else:
        column = texts.column(by_word, 0, np.int64, 0)
    told = remarks(column.values, column.decimals or 0, form, rules)
    return Typed(column, (*more, *told), texts.spelled, texts.wrong("finite numbers", infinite))


def remarks(values: np.ndarray, decimals: int, form: Format, rules: Rules) -> tuple[str, ...]:
    """What to note of how a column's numbers are written.

    Args:
        values: the numbers.
        decimals: the most digits behind the point.
        form: how they are written.
        rules: what is known of the table.
    """
    found = []
    whole = values.dtype.kind == "i"
    if form != Format() and (form.thousands or not whole):
        doubt = not rules.shown and rules.decimal is None and "," in (form.decimal, form.thousands)
        found.append(f"{form}{' (nothing shows which: decimal=... says it)' if doubt else ''}")
    if not whole and decimals == 0 and LARGEST <= np.abs(np.nan_to_num(values)).max(initial=0) < WRITTEN_OUT:
        found.append("whole numbers beyond 2^63, which are rounded")
    return tuple(found)


def _truths(texts: Texts, rules: Rules) -> Typed | None:
    found = truth_of(texts.seen)
    if found is None:
        return None
    written, stands = found
    column = texts.column(stands, False, np.bool_, written=written)
    return Typed(column, (f"truth values ({written})",), texts.spelled)


def _dates(texts: Texts, rules: Rules) -> Typed | None:
    words, known = list(texts.seen), rules.written or {}
    if rules.written is not None and texts.name not in known:
        return None
    found = dates_of(words, (rules.decimal or rules.likely) == ",", known.get(texts.name))
    if found is None:
        return None
    column = texts.column(
        dict(zip(words, found.values, strict=True)), NOT_A_TIME, "datetime64[us]", written=found.written
    )
    none = {word for word, value in zip(words, found.values, strict=True) if np.isnat(value)}
    remarks = (f"dates written {found.written}", *found.notes)
    return Typed(column, remarks, texts.spelled, texts.wrong(f"dates written {found.written}", none))


def _codes(texts: Texts) -> tuple[str, ...]:
    """What to say of whole numbers that begin with a zero, as codes do."""
    whole = all(word.lstrip("+-").isdecimal() for word in texts.seen)
    return (
        ("read as words, as numbers begin with a zero",) if whole and any(map(LEADING_ZERO.match, texts.seen)) else ()
    )


def _mistaken(texts: Texts, rules: Rules) -> Typed | None:
    """A column whose words are nearly all numbers, or should be numbers or dates, with what is wrong in it."""
    asked = rules.asked.get(texts.name)
    ways = [way for way in ORDER if rules.decimal in (None, way.decimal)]
    fitting = [{word for word in texts.seen if np.isfinite(float(way.plain(word) or "inf"))} for way in ways]
    right = max(fitting, key=lambda words: sum(texts.seen[word] for word in words))
    wrong = texts.seen.keys() - right
    few = sum(texts.seen[word] for word in wrong) <= STRANGE * sum(texts.seen.values())
    kind = "numbers" if asked in NUMBERS or (few and len(right) > FEW) else "dates" if asked == "date" else None
    if kind is None or _codes(texts):
        return None
    column = texts.column({word: word for word in texts.seen}, "", np.object_)
    return Typed(column, (), texts.spelled, texts.wrong(kind, set(wrong)))
