"""Functions that a user names on the command line as ``FILE.py:function``: the file is run, as Python would run it."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from reparam.door import is_file
from reparam.errors import UserError


def names_function(word: str) -> bool:
    """Whether a word is meant as ``FILE.py:function``.

    >>> names_function("mine.py:compose"), names_function("vae-2")
    (True, False)
    """
    return ".py:" in word or word.endswith(".py")


def load_function(target: str) -> Callable[..., Any]:
    """The function that ``FILE.py:function`` names; the file is run.

    Raises:
        UserError: if there is no such file or function, or the file does not run.
    """
    path, _, name = target.rpartition(":")
    if not path or not name.isidentifier():
        raise UserError(f"{target!r} names no function: give FILE.py:function")
    file = Path(path)
    if file.suffix != ".py" or not is_file(file):
        why = f"there is no file {path!r}" if file.suffix == ".py" else f"{path!r} is no Python file"
        raise UserError(f"{why}: give FILE.py:function")
    function = getattr(_module(file.resolve()), name, None)
    if not callable(function):
        raise UserError(f"{path} has no function {name!r}")
    return function  # type: ignore[no-any-return]


def _module(file: Path) -> Any:
    """Run a file as a module, with its folder first on the path, as Python itself does for a script."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise UserError(f"{file} cannot be loaded as Python code")
    module = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(file.parent))
    shadowed = sys.modules.get(file.stem)
    sys.modules[file.stem] = module
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise UserError(f"{file} raised {words(error)} when it was loaded") from error
    finally:
        sys.path.remove(str(file.parent))
        if shadowed is not None:
            sys.modules[file.stem] = shadowed
    return module


def words(error: BaseException) -> str:
    """An error's class and first line."""
    lines = str(error).splitlines()
    return f"{type(error).__name__}: {lines[0]}" if lines else type(error).__name__
