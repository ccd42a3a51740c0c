"""Settings in a file that a person writes: YAML, TOML or JSON, read as plain values and nothing else."""

import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from reparam.door import DEEPEST, nests, parse, read_bytes, user_path
from reparam.errors import UserError

MOST = 2**20
"""Bytes of such a file."""
SECTIONS = ("model", "data", "training", "output")
"""Settings may stand under these heads, or under none; each name is one setting wherever it stands."""
CORE = {
    "bool": (r"true|True|TRUE|false|False|FALSE", "tTfF"),
    "int": (r"[-+]?[0-9]+", "-+0123456789"),
    "float": (r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", "-+.0123456789"),
    "null": (r"~|null|Null|NULL|", ["~", "n", "N", ""]),
}
"""What YAML 1.2 takes for other than text, with what each begins with: ``no`` is a word, and ``1e-4`` a number."""


def read(path: str | Path) -> dict[str, Any]:
    """The settings of a file by name, heads taken off.

    Args:
        path: of a ``.yaml``, ``.yml``, ``.toml`` or ``.json``.

    Raises:
        UserError: if there is no such file, it is none of these, or a name comes twice.
    """
    place = user_path(path)
    if place.suffix.lower() not in PARSERS:
        raise UserError(f"{place} is no file of settings: give one that ends in {', '.join(PARSERS)}")
    try:
        value = PARSERS[place.suffix.lower()](read_bytes(place, MOST).decode())
    except RecursionError:
        value = _refuse("nested too deeply")
    except ValueError as error:
        raise UserError(f"{place} cannot be read as {place.suffix[1:].upper()} ({_line(error)}): mend it") from None
    if not isinstance(value, dict) or nests(value, DEEPEST):
        raise UserError(f"{place} holds no table of settings: write NAME and value, as {_example(place.suffix)}")
    if "schema" in value and isinstance(value.get("settings"), dict):
        raise UserError(f"{place} is what a run keeps of itself: `reparam config RUN` prints its settings")
    return flat(value, str(place))


def flat(value: Mapping[Any, Any], where: str) -> dict[str, Any]:
    """Settings by name, heads taken off and hyphens as Python has them.

    Raises:
        UserError: if a name comes twice.

    >>> flat({"model": {"latent-dim": 2}, "epochs": 5, "data": "ring"}, "a.yaml")
    {'latent_dim': 2, 'epochs': 5, 'data': 'ring'}
    """
    found: dict[str, Any] = {}
    for name, given in value.items():
        headed = name in SECTIONS and isinstance(given, dict)
        for key, one in given.items() if headed else [(name, given)]:
            own = str(key).replace("-", "_")
            if own in found:
                raise UserError(f"{where} gives {own} twice: leave one of the two out")
            found[own] = one
    return found


def as_text(sections: Mapping[str, Mapping[str, Any]], ending: str, said: str = "") -> str:
    """Settings under their heads as a file of one of the three kinds, ``said`` at its head where there are comments.

    >>> print(as_text({"training": {"learning_rate": 1e-05, "hidden": [400]}}, ".yaml"), end="")
    training:
      learning_rate: 1.0e-05
      hidden: [400]
    """
    if ending == ".json":
        return json.dumps(sections, indent=2, ensure_ascii=False) + "\n"
    head, pair, space = ("[{}]", "{} = {}", "") if ending == ".toml" else ("{}:", "{}: {}", "  ")
    lines = [f"# {line}" for line in said.splitlines()]
    for name, section in sections.items():
        if section:
            lines += [head.format(name), *(space + pair.format(k, _literal(v, ending)) for k, v in section.items())]
    return "\n".join(lines) + "\n"


def _literal(value: Any, ending: str) -> str:
    """A value as YAML and TOML both have it; a table on one line as each has it."""
    if isinstance(value, dict):
        equals = " = " if ending == ".toml" else ": "
        return "{" + ", ".join(json.dumps(k) + equals + _literal(v, ending) for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_literal(one, ending) for one in value)}]"
    if isinstance(value, float):
        return re.sub(r"^(-?\d+)e", r"\1.0e", repr(value))  # without a point YAML 1.1 takes it for a word
    return json.dumps(value, ensure_ascii=False)


def _yaml(text: str) -> Any:
    try:
        import yaml
    except ImportError:
        raise UserError("settings in YAML need PyYAML: pip install 'reparam[yaml]', or write TOML or JSON") from None
    try:
        return yaml.load(text, _loader())
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return _refuse(f"{getattr(error, 'problem', error)}{f' in line {mark.line + 1}' if mark else ''}")


@cache
def _loader() -> Any:
    """PyYAML's safe loader by the rules of YAML 1.2: no tags, no aliases, no key twice."""
    import yaml

    class Loader(yaml.SafeLoader):  # type: ignore[misc]
        yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}

        def compose_node(self, parent: Any, index: Any) -> Any:
            event = self.peek_event()
            if isinstance(event, yaml.AliasEvent):  # a few lines of them hold more than any memory
                _refuse(f"an alias in line {event.start_mark.line + 1}, which settings have no use for")
            if getattr(event, "tag", None) is not None:  # what stands behind one may be of any other kind
                _refuse(f"the tag {event.tag} in line {event.start_mark.line + 1}, which settings have no use for")
            return super().compose_node(parent, index)

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            keys = Counter(key.value for key, _ in node.value if isinstance(key, yaml.ScalarNode))
            if twice := [key for key, count in keys.items() if count > 1]:
                _refuse(f"{twice[0]} is there twice")
            return super().construct_mapping(node, deep)

    for name, (pattern, first) in CORE.items():
        Loader.add_implicit_resolver(f"tag:yaml.org,2002:{name}", re.compile(f"^(?:{pattern})$"), list(first))
    Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: int(node.value))
    Loader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: float(node.value))
    return Loader


PARSERS: dict[str, Callable[[str], Any]] = {".yaml": _yaml, ".yml": _yaml, ".toml": tomllib.loads, ".json": parse}


def _refuse(why: str) -> NoReturn:
    raise ValueError(why)


def _line(error: ValueError) -> str:
    return " ".join(str(error).split())[:200]


def _example(ending: str) -> str:
    return {".toml": "latent_dim = 2", ".json": '{"latent_dim": 2}'}.get(ending, "latent_dim: 2")
