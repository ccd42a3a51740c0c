"""What the program's tables say, as Markdown."""

import ast
import inspect
import itertools
import re
import textwrap
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel

import reparam
from reparam import labs
from reparam.cli.main import COMMANDS
from reparam.kinds import KINDS

MODULES = (
    "reparam",
    "reparam.distributions",
    "reparam.divergences",
    "reparam.transport",
    "reparam.bounds",
    "reparam.adversarial",
    "reparam.networks",
    "reparam.models",
    "reparam.kinds",
    "reparam.data",
    "reparam.training",
    "reparam.evaluation",
    "reparam.plots",
    "reparam.studies",
    "reparam.audit",
    "reparam.labs",
    "reparam.sklearn",
    "reparam.check",
    "reparam.courses",
    "reparam.errors",
)
"""What is public, in the order in which it is listed."""
NAMES = {int: "whole number", float: "number", bool: "yes or no", str: "word", tuple: "numbers", dict: "pairs"}


def row(*cells: str) -> str:
    """A line of a table."""
    return f"| {' | '.join(cell(text) for text in cells)} |"


def cell(text: str) -> str:
    """Text that may stand in a table."""
    return text.replace("|", "\\|").replace("<", "&lt;")


def table(*heads: str, rows: list[str]) -> list[str]:
    """A table's lines."""
    return [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}", *rows, ""]


def flag(name: str) -> str:
    """A setting as it is typed."""
    return f"`--{name.replace('_', '-')}`"


def docstrings(settings: type[BaseModel]) -> dict[str, str]:
    """What stands below each setting in the class that declares it: the flags' help."""
    classes = [cls for cls in reversed(settings.__mro__) if issubclass(cls, BaseModel) and cls is not BaseModel]
    return {name: text for cls in classes for name, text in _told(cls)}


def _told(cls: type) -> Iterator[tuple[str, str]]:
    """Of one class, its attributes' docstrings."""
    declared = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    assert isinstance(declared, ast.ClassDef)
    for before, after in itertools.pairwise(declared.body):
        match before, after:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                yield name, " ".join(text.split())


def choices(annotation: Any) -> str:
    """What a setting can be, in words.

    >>> choices(Literal["mlp", "conv"] | None)
    '`mlp`, `conv`'
    """
    if get_origin(annotation) is Literal:
        return ", ".join(f"`{value}`" for value in get_args(annotation))
    if get_args(annotation) and get_origin(annotation) not in NAMES:
        told = [choices(part) for part in get_args(annotation) if part is not type(None)]
        return ", ".join(filter(None, told))
    return NAMES.get(get_origin(annotation) or annotation, "")


def default(value: Any) -> str:
    """A default as it is typed; where there is none, the data decide or nothing is asked for."""
    if value is None:
        return "not given"
    return " ".join(map(str, value)) or "none" if isinstance(value, tuple) else f"`{value}`"


def differs(settings: BaseModel) -> str:
    """In what settings differ from their defaults."""
    return ", ".join(given(key, value) for key, value in settings.model_dump(exclude_defaults=True).items())


def given(name: str, value: Any) -> str:
    """A setting with its value as both are typed.

    >>> given("test", False), given("conditional", True), given("width", 8)
    ('`--no-test`', '`--conditional`', '`--width` `8`')
    """
    if isinstance(value, bool):
        return flag(name if value else f"no_{name}")
    return f"{flag(name)} `{value}`"


def kind_page(name: str) -> str:
    """A kind of model as a page."""
    kind = KINDS[name]
    told, fields = docstrings(kind.settings), kind.settings.model_fields
    rows = [
        row(flag(key), choices(field.annotation), default(field.default), told.get(key, ""))
        for key, field in fields.items()
        if key != "kind"
    ]
    variants = [f"- `{variant}`: {differs(settings)}" for variant, settings in kind.variants.items()]
    trained = differs(kind.training)
    return "\n".join(
        [
            f"# {name}",
            "",
            f"{kind.what[0].upper()}{kind.what[1:]}: `reparam.models.{kind.model.__name__}`.",
            "",
            "```sh\n" + "\n".join(kind.examples).replace(", then ", "\n") + "\n```",
            "",
            f"Trained, unless told otherwise, with {trained}.\n" if trained else "",
            *table("setting", "what it can be", "default", "what it is", rows=rows),
            *(["`reparam compare` knows these variants by name:\n", *variants] if variants else []),
        ]
    )


def kinds_page() -> str:
    """A table of the kinds of models, each with its page."""
    rows = [row(f"[{name}]({name}.md)", kind.what, f"`{kind.examples[0]}`") for name, kind in KINDS.items()]
    return "\n".join(table("kind", "what it is", "trained by", rows=rows))


def lab_text(name: str, result: dict[str, Any]) -> str:
    """A lab's text, figure and table."""
    lab = labs.get(name)
    rows = [
        row(check["what"], check["prediction"], check["measurement"], "yes" if check["holds"] else "**no**")
        for check in result["checks"]
    ]
    prose = "\n\n".join(" ".join(part.split()) for part in lab.text.strip().split("\n\n"))
    return "\n".join(
        [
            prose.replace("*", "\\*").replace("<", "&lt;"),
            "",
            f"```sh\nreparam lab {name}\n```",
            "",
            f"![Figure of the lab {name}](../labs/{name}.png)",
            "",
            *table("what is measured", "predicted", "measured", "agrees", rows=rows),
            f"Seed {result['seed']}, {result['seconds']:.0f} s. Source: {lab.source}.",
        ]
    )


def commands_page() -> str:
    """A table of all commands."""
    rows = [row(f"`reparam {name}`", command.what) for name, command in COMMANDS.items()]
    return "\n".join(table("command", "what it does", rows=rows))


def extras_page(project: str) -> str:
    """A table of the extras, from the text of pyproject.toml: what each needs, and the comment above it.

    >>> print(extras_page('[project.optional-dependencies]\\n# tables\\ntables = ["pandas>=2.2"]\\n'))
    | extra | what for | needs |
    |---|---|---|
    | `tables` | tables | pandas |
    <BLANKLINE>
    """
    wanted = tomllib.loads(project)["project"]["optional-dependencies"]
    lines, rows = project.splitlines(), []
    for name, packages in wanted.items():
        at = next(i for i, line in enumerate(lines) if re.match(rf"{name} = \[", line))
        told = list(itertools.takewhile(lambda line: line.startswith("# "), reversed(lines[:at])))
        text = " ".join(line[2:] for line in reversed(told))
        rows.append(row(f"`{name}`", text, ", ".join(re.split(r"[>=<]", package)[0] for package in packages)))
    return "\n".join(table("extra", "what for", "needs", rows=rows))


def modules_page() -> str:
    """A table of the public modules, each with its source."""
    rows = [row(f"[{name}]({source_of(name)})", first(import_module(name)).replace("``", "`")) for name in MODULES]
    return "\n".join(table("module", "what it is for", rows=rows))


def source_of(module: str) -> str:
    """Where a module lies, as the API's list links to it; the site leads to its page instead.

    >>> source_of("reparam.bounds"), source_of("reparam.models")
    ('../../src/reparam/bounds.py', '../../src/reparam/models/__init__.py')
    """
    home = Path(reparam.__file__).parents[2]
    return f"../../{Path(import_module(module).__file__ or '').relative_to(home).as_posix()}"


def first(thing: object) -> str:
    """The first paragraph of what something says of itself."""
    return " ".join((thing.__doc__ or "").split("\n\n")[0].split())


def api_page(module: str) -> str:
    """A module's page, in reStructuredText, which docstrings are written in."""
    head = f"{module}\n{'=' * len(module)}\n\n.. automodule:: {module}\n"
    return head + ("\n" + "\n".join(_face()) if module == "reparam" else "   :members:\n")


def _face() -> Iterator[str]:
    """The names of the package itself, each with the module that documents it, or documented here."""
    yield ".. list-table::\n   :widths: 30 70\n"
    rest = []
    for name in (name for name in reparam.__all__ if name in reparam._HOMES):
        thing = getattr(reparam, name)
        home = next((home for home in MODULES[1:] if name in public(home)), None)
        role = "class" if isinstance(thing, type) else "func"
        yield f"   * - :py:{role}:`reparam.{name} <{home or 'reparam'}.{name}>`\n     - {escaped(first(thing))}"
        rest += [] if home else [(name, role)]
    for name, role in rest:
        yield (
            f"\n.. autoclass:: reparam.{name}\n   :members:"
            if role == "class"
            else f"\n.. autofunction:: reparam.{name}"
        )
    yield ""


def public(module: str) -> list[str]:
    """The names that a module's page documents."""
    found = import_module(module)
    own = [name for name, value in vars(found).items() if getattr(value, "__module__", None) == module]
    return list(getattr(found, "__all__", own))


def escaped(line: str) -> str:
    """A docstring's line in which a bar is a bar, as in |x|, and no substitution.

    >>> print(escaped("½ |x| in ``a | b``"))
    ½ \\|x\\| in ``a | b``
    """
    parts = line.split("``")
    return "``".join(part if i % 2 else part.replace("|", "\\|") for i, part in enumerate(parts))
