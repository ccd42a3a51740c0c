"""A callback of one's own: stop as soon as a loss is small enough."""

from reparam.training import Callback


class SmallEnough(Callback):
    """Stops where the training loss has fallen below ``least``."""

    def __init__(self, least):
        self.least, self.seen = least, []

    def row(self, session, row):
        """Look at what was trained on."""
        if row["split"] == "train":
            self.seen.append(row["loss"])
            if row["loss"] < self.least:
                session.ask_to_stop(f"the loss is below {self.least:g}")
