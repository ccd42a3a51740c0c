"""What was decided when images were read, and what is odd about them, in a sentence each."""

from collections.abc import Iterator, Sequence

import numpy as np

from reparam.data.readers.decode import Facts
from reparam.data.readers.found import Source
from reparam.data.readers.gather import Gathered, told_warnings
from reparam.data.readers.plan import Plan, Seen
from reparam.settings import ReadingConfig

#: A picture whose values span no more than this share of black to white is of one tone.
ONE_TONE = 0.01
#: No picture is brighter than this share of white: they are drawn nearly black.
DARK = 0.16
WIDE = 2


def remarks(
    source: Source, gathered: Gathered, plan: Plan, seen: Seen, lazy: bool, how: ReadingConfig
) -> tuple[str, ...]:
    """Everything that there is to say of a reading of images."""
    said = [
        _what(gathered.facts, plan),
        _fit(gathered.facts, plan, how),
        "larger than the memory limit: images are decoded as they are needed" if lazy else "",
        *_files(gathered, plan, how),
        *plan.depth.notes,
        plan.picture.words(plan.shape[0]),
        *_tones(gathered.facts, plan, seen, how),
        source.passed.words(),
        *_oddities(source, gathered),
    ]
    return tuple(filter(None, said))


def _what(facts: Sequence[Facts], plan: Plan) -> str:
    channels, height, width = plan.shape
    kind = {1: "grey", 3: "colour"}.get(channels, f"{channels} channels")
    return f"{len(facts):,} images read as {kind}, {height}x{width}"


def _fit(facts: Sequence[Facts], plan: Plan, how: ReadingConfig) -> str:
    """How images were brought to one size."""
    size = plan.look.size
    if size is None:
        return ""
    if plan.look.fit == "stretch":
        return f"resized: stretched to {size} by {size} pixels"
    if plan.look.fit == "pad":
        return f"resized: the longer side scaled to {size} pixels, the rest left {how.background}"
    told = f"resized: the shorter side scaled to {size} pixels, then the square in the centre cut out"
    wide = sum(max(fact.size) > WIDE * min(fact.size) for fact in facts)
    return told + (f'; {wide:,} lose more than half of themselves (fit="pad" keeps all of them)' if wide else "")


def _files(gathered: Gathered, plan: Plan, how: ReadingConfig) -> Iterator[str]:
    """What was made of what files hold besides one opaque picture."""
    facts = gathered.facts
    several = {number: fact.frames for number, fact in zip(gathered.files, facts, strict=True) if fact.frames > 1}
    if several:
        most = f"up to {max(several.values()):,}" if len(several) > 1 else f"{max(several.values()):,}"
        what = "each is an example" if plan.look.frames == "all" else 'the first is taken (frames="all": all of them)'
        yield f"{_files_are(len(several))} of {most} pictures: {what}"
    if (transparent := sum(fact.transparent for fact in facts)) and not how.bands:
        yield f'{_are(transparent)} transparent: laid on {how.background} (background="black", say: on another colour)'
    if reduced := sum(fact.reduced for fact in facts):
        yield f"{_are(reduced)} very large: read in reduced form"
    if lost := sum(fact.loses_bits for fact in facts):
        yield f"{_are(lost)} of colours of 16 bits, of which the upper 8 are read: save them as .npy to keep all"
    if lost := sum(fact.lost_exif for fact in facts):
        yield f"{lost:,} image{'s have' if lost > 1 else ' has'} an EXIF block that cannot be read: taken as they lie"


def _tones(facts: Sequence[Facts], plan: Plan, seen: Seen, how: ReadingConfig) -> Iterator[str]:
    """What would look empty."""
    depth, of = plan.depth, len(seen.rows)
    by, offset = depth.eight
    deep = np.array([facts[row].deep for row in seen.rows])
    lows, highs = (
        np.where(deep, values * (depth.deep or 1), by * values + offset) for values in (seen.lows, seen.highs)
    )
    span = depth.high - depth.low
    if of > 1 and highs.max() <= depth.low + DARK * span and (highs > lows).any():
        top = max(int(highs.max()), 1)
        yield f"no picture is brighter than {top} of {depth.high:.6g}: value_range=(0, {top}) makes that white"
        return
    flat = (highs - lows) <= ONE_TONE * span
    if blank := int(flat.sum()):
        covered = any(facts[row].transparent for row in seen.rows[flat])
        other = "black" if how.background != "black" else "white"
        advice = f' laid on {how.background}: background="{other}" may show them' if covered else ""
        yield f"{blank:,} of {of:,} pictures {'are' if blank > 1 else 'is'} of one tone{advice}"


def _oddities(source: Source, gathered: Gathered) -> Iterator[str]:
    if sniffed := source.passed.sniffed:
        yield f"{_files_are(sniffed)} without an ending that begin as images do: read"
    if broken := len(gathered.broken):
        yield f"{_files_are(broken)} that cannot be read left out"
    yield told_warnings(gathered.warnings)


def _files_are(count: int) -> str:
    return f"{count:,} file{'s' if count > 1 else ''}"


def _are(count: int) -> str:
    return f"{count:,} image{'s are' if count > 1 else ' is'}"
