"""A hub on this machine for what fetches and pushes: the one of the tests, asked by every call of a scene."""

import os
import tempfile
from functools import cache
from hashlib import sha256
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1] / "tests"
NAME = "somebody/digits"
CACHE, TEMPORARY = "cache", "temporary"
"""Folders of a working directory: what is fetched is kept in the one, what is pushed is made in the other."""


@cache
def hub() -> Any:
    """The hub, which answers from now on; huggingface_hub is told of it before it is imported."""
    spec = spec_from_file_location("hub_standin", TESTS / "hub_standin.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    server = module.Hub()
    os.environ.update(HF_ENDPOINT=server.url, HF_TOKEN="a", HF_HUB_DISABLE_PROGRESS_BARS="1")
    import huggingface_hub.constants

    assert server.url == huggingface_hub.constants.ENDPOINT
    huggingface_hub.HfApi().repo_exists(NAME)  # what it imports when first asked, forks start with
    return server


def told(cwd: Path) -> None:
    """Have this process, which is to be one call, keep and make things in its working directory."""
    (cwd / TEMPORARY).mkdir(exist_ok=True)
    os.environ.update(REPARAM_CACHE=str(cwd / CACHE), TMPDIR=str(cwd / TEMPORARY))
    tempfile.tempdir = None


def held() -> dict[str, bytes]:
    """What the hub holds now, to be given to :func:`holds` later."""
    return dict(hub().repositories.get(NAME, {}))


def holds(files: dict[str, bytes]) -> None:
    """Have the hub hold these files of the one repository, and nothing else; none: there is no such repository."""
    hub().repositories.clear()
    if files:
        hub().repositories[NAME] = dict(files)


def content() -> dict[str, str]:
    """What the hub holds, as checksums."""
    return {f"the hub's {name}": sha256(file).hexdigest() for name, file in held().items()}


def fetch(command: str, argv: list[str]) -> None:
    """``reparam fetch``, which the attack adds: a file by the door that data sets are downloaded through."""
    from reparam.data.readers.download import download
    from reparam.errors import UserError

    wanted = sha256(held()["checkpoints/best.safetensors"]).digest()

    def check(path: Path) -> None:
        if sha256(path.read_bytes()).digest() != wanted:
            raise UserError(f"{path} is not the file that it should be")

    address = f"{hub().url}/{NAME}/resolve/main/checkpoints/best.safetensors"
    download([address], Path(CACHE) / "data" / "weights", check, 2**24)
