"""A target with faults that were planted."""

import time

from attack.fuzz.target import Target

from reparam.errors import UserError


def _reads(folder, content):
    (folder / "x").write_bytes(content)

    def read():
        if content == b"FUZZ":
            raise ValueError("a fault that was planted")
        if content == b"LATE":
            time.sleep(60)
        raise UserError("" if content == b"SILENT" else "refused")

    yield read


PLANTED = {"planted": Target("nothing", {"x": _reads}, lambda: {"x": [b"x"]})}
