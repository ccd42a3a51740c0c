"""``reparam.sample`` and ``reparam.reconstruct``: what a model makes, in the form that the user's data have."""

from collections.abc import Mapping
from typing import Any

from reparam.data.columns.outside import Outside
from reparam.data.incoming import seen_of
from reparam.data.readers.frames.pandas_frame import index_of
from reparam.errors import UserError
from reparam.evaluation.draws import Samples, drawing
from reparam.evaluation.pictures import Reconstructions, reconstructed
from reparam.evaluation.tables.conditional import conditioned
from reparam.evaluation.tables.conditions import conditions
from reparam.evaluation.tables.samples import TableReconstructions, TableSamples, table_of
from reparam.runs.given import of_run
from reparam.runs.run import Run


@of_run
def sample(
    run: Run,
    n: int = 25,
    seed: int = 0,
    label: str | None = None,
    candidates: int | None = None,
    *,
    draws: bool = False,
    given: Mapping[str, Any] | None = None,
) -> Samples:
    """Ancestral samples: noise from the prior pushed through the decoder.

    Args:
        run: a trained run, or its folder.
        n: how many.
        seed: the same seed gives the same samples.
        label: the class to draw, for conditional models.
        candidates: draws of a game's generator that each is chosen from (:meth:`reparam.models.GAN.choosing`); as the
            model does it unless given, 1: its generator alone.
        draws: let the picture show draws x ~ p(x|z) of images instead of the decoder's mean at the same z.
        given: what is known of a table's rows, by column, see :func:`reparam.evaluation.tables.conditions`.

    Returns:
        Samples; of a table :class:`reparam.evaluation.tables.TableSamples`, whose ``frame()`` is a table.

    Raises:
        UserError: if the label is unknown, the model was not told classes, it has nothing to choose by, or what is
            given is not of the table or too rare.
    """
    if given:
        return _given(run, given, n, seed, label, candidates)
    drawn = drawing(run, n, seed, label, candidates, draws=draws).samples()
    return drawn if run.record.schema is None else _as_table(run, drawn, seed)


@of_run
def reconstruct(run: Run, n: int = 10, seed: int = 0, x: Any = None, outside: Outside = "skip") -> Reconstructions:
    """Examples through encoder and decoder.

    Args:
        run: of a model with an encoder.
        n: how many test examples, chosen at random; of no effect where ``x`` is given.
        seed: of that choice.
        x: examples of your own, all of which are taken (see :func:`reparam.data.examples_of`).
        outside: of rows of a table that the run's data do not know: see :func:`reparam.evaluation.score`; those that
            are skipped are not among what is given.

    Returns:
        Of a table :class:`reparam.evaluation.tables.TableReconstructions`, whose ``frame()`` is a table.

    Raises:
        UserError: if the model has no encoder, or x cannot be read as the run's data were.
    """
    seen = None if x is None else seen_of(x, run.record, outside=outside)
    found = reconstructed(run, n, seed, None if seen is None else seen.x)
    if run.record.schema is None:
        return found
    index = index_of(x)
    if index is not None and seen is not None:
        index = index[seen.rows]
    return TableReconstructions(**vars(found), schema=run.record.schema, index=index)


def _as_table(run: Run, drawn: Samples, seed: int, given: str | None = None) -> TableSamples:
    """Samples as rows of the user's table."""
    return TableSamples(**vars(drawn), schema=table_of(run), seed=seed, given=given)


def _given(
    run: Run, given: Mapping[str, Any], n: int, seed: int, label: str | None, candidates: int | None
) -> TableSamples:
    asked = conditions(given, table_of(run))
    if label is not None and asked.label not in (None, label):
        raise UserError(f"label={label!r} and {asked.words} name different classes: leave one of the two out")
    label = label or asked.label
    if candidates is not None and asked.regions:
        raise UserError(f"candidates={candidates} has no effect where columns are given: leave one of the two out")
    if not asked.regions:
        return _as_table(run, drawing(run, n, seed, label, candidates).samples(), seed, asked.words)
    x, y, words = conditioned(run, asked, n, seed, label)
    return _as_table(run, Samples(x, x, 1, label, run.step, y=y), seed, f"{asked.words} ({words})")
