"""What may listen to a training, and stop it: the loop's whole bookkeeping, and the user's own."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from reparam.errors import UserError

if TYPE_CHECKING:
    from reparam.training.session import Session

Row = Mapping[str, Any]
"""A row of the log: ``step``, ``epoch``, ``split`` (train, validation or test), and a number or None for each name."""


class Callback:
    """Is told of a training's moments and may ask it to stop; each moment does nothing unless it is overridden.

    A training tells its callbacks, ours in the order of :func:`reparam.training.standard.standard`, then the user's:

    ======== ===========================================================================================
    start    before the first step, or before it goes on where it was interrupted
    row      of the validation of the untrained weights, then ``save`` (neither, where it goes on)
    step     after each step; then ``row`` of what was trained on, if one is due
    epoch    after each epoch that ``validate_every`` or ``keep_every`` names, at the end, and where it was asked to
             stop: a train ``row`` if one is open, the validation's ``row``, ``epoch``, then ``save``
    end      training is over, the best weights go into the model; then ``row`` of the test
    done     all have seen the test row and said what they have to say of it: it is in the log now, the run is finished
    close    whatever happened, an error and Ctrl-C included; in reverse order
    note     whenever a sentence is said of the run: a warning, or why it stops
    ======== ===========================================================================================

    Any of them may call ``session.ask_to_stop("why")``: the run then ends as one that ran out of patience does, with
    its best weights and its test row. Besides that they look and do not touch: a model is left as it was found, in
    training mode. Noise drawn here changes nothing, since that of each step is its own. What a callback has to
    remember when an interrupted run goes on, it finds again at ``start`` in ``session.rows``.

    >>> import reparam
    >>> class Enough(reparam.training.Callback):
    ...     "Stops as soon as the validation bound has passed so many nats."
    ...
    ...     def __init__(self, nats):
    ...         self.nats = nats
    ...
    ...     def row(self, session, row):
    ...         if row["split"] == "validation" and row["elbo"] > self.nats:
    ...             session.ask_to_stop(f"the bound has passed {self.nats} nats")

    >>> data, likelihood = reparam.load_data("ring"), reparam.models.NormalLikelihood((2,))
    >>> encoder, decoder = reparam.networks.MLP(2, [8], 4), reparam.networks.MLP(2, [8], 2)
    >>> vae = reparam.VAE(encoder, decoder, reparam.models.StandardNormal(2), likelihood=likelihood)
    >>> quiet = reparam.training.Silent()
    >>> run = reparam.fit(vae, data, epochs=50, batch_size=1000, progress=quiet, callbacks=[Enough(-2.2)])
    >>> run.rows[-1]["split"], run.rows[-1]["epoch"] < 50, run.rows[-2]["elbo"] > -2.2
    ('test', True, True)
    """

    def start(self, session: "Session") -> None:
        """Training is about to start, or to go on at ``session.step``."""

    def step(self, session: "Session") -> None:
        """A step was played, and ``session.step`` counts it."""

    def row(self, session: "Session", row: Row) -> None:
        """A row was added to ``session.rows``."""

    def epoch(self, session: "Session") -> None:
        """An epoch was played and validated."""

    def save(self, session: "Session") -> None:
        """From what is kept now, a killed training goes on."""

    def end(self, session: "Session") -> None:
        """Training is over; the test row comes next."""

    def done(self, session: "Session") -> None:
        """The run is finished; whatever a kill before this has cut short, resuming does again."""

    def close(self, session: "Session") -> None:
        """Let go of whatever was opened; comes once, even if ``start`` never came."""

    def note(self, session: "Session", text: str) -> None:
        """Something is said of the run."""


def check_callbacks(callbacks: object) -> None:
    """Refuse what is no list of callbacks.

    Raises:
        UserError: naming the first thing that is none.

    >>> check_callbacks([Callback])
    Traceback (most recent call last):
    reparam.errors.UserError: callbacks: the class Callback will not do: give an instance of it, Callback(...)
    """
    if not isinstance(callbacks, Sequence):
        raise UserError(f"callbacks: {callbacks!r} will not do: give a list of callbacks")
    for callback in callbacks:
        if isinstance(callback, type):
            name = callback.__name__
            raise UserError(f"callbacks: the class {name} will not do: give an instance of it, {name}(...)")
        if not isinstance(callback, Callback):
            raise UserError(f"callbacks: {callback!r} will not do: derive its class from reparam.training.Callback")
