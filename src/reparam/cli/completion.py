"""``reparam --print-completion SHELL``: commands, kinds, flags and their choices, as a script that a shell reads."""

from collections.abc import Iterator
from contextlib import redirect_stdout
from io import StringIO
from typing import Any

from reparam.cli.parse import COLLECTED, Collected
from reparam.cli.unknown import hinted
from reparam.cli.values import choices_in
from reparam.errors import UserError
from reparam.terminal import say_out

SHELLS = ("bash", "zsh", "fish")
OF_KINDS = ("train", "sweep")
"""The commands whose first word is a kind of model."""
Flags = dict[str, tuple[str, ...]]
"""By flag, the values that it takes where these are known."""


def print_completion(argv: list[str]) -> int:
    """Print the script for the shell that is named.

    Raises:
        UserError: if none of ours is.
    """
    shell = argv[0].partition("=")[2] or (argv[1] if len(argv) > 1 else "")
    if shell not in SHELLS:
        raise UserError(f"--print-completion {shell or '...'} is of no shell that is known: name {', '.join(SHELLS)}")
    say_out(script(shell))
    return 0


def script(shell: str) -> str:
    """The script for a shell."""
    from reparam.cli.main import COMMANDS
    from reparam.kinds import KINDS

    found = {name: _flags(name, []) for name in COMMANDS if name not in OF_KINDS}
    found |= {f"{name} {kind}": _flags(name, [kind]) for name in OF_KINDS for kind in KINDS}
    words = {"reparam": list(COMMANDS)} | {name: list(KINDS) for name in OF_KINDS}
    if shell == "fish":
        return "\n".join(_fish(words, found, {name: command.what for name, command in COMMANDS.items()}))
    head = "autoload -U +X compinit bashcompinit && compinit && bashcompinit\n" if shell == "zsh" else ""
    return head + _bash(words, found)


def _flags(name: str, argv: list[str]) -> Flags:
    """The flags of a command, which is called far enough to say what its options are."""
    from reparam.cli.main import COMMANDS

    found: list[Any] = []
    token = COLLECTED.set(found)
    try:
        with redirect_stdout(StringIO()):
            COMMANDS[name](name, argv)
    except (Collected, UserError):
        pass
    finally:
        COLLECTED.reset(token)
    return {flag: values for options in found for flag, values in _with_values(options)}


def _with_values(options: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    flags = {flag: hint for flag, alone, hint in hinted(options) if not alone}
    yield from ((flag, choices_in(hint)) for flag, hint in flags.items())
    yield "--help", ()


def _bash(words: dict[str, list[str]], found: dict[str, Flags]) -> str:
    kinds = "|".join(OF_KINDS)
    cases = [f'    "{place}") words="{" ".join(flags)}";;' for place, flags in found.items()]
    values = [
        f'    "{place} {flag}") words="{" ".join(choices)}";;'
        for place, flags in found.items()
        for flag, choices in flags.items()
        if choices
    ]
    return f"""_reparam() {{
  local current="${{COMP_WORDS[COMP_CWORD]}}" before="${{COMP_WORDS[COMP_CWORD-1]}}"
  local command="${{COMP_WORDS[1]}}" words=""
  case "$command" in {kinds}) command="$command ${{COMP_WORDS[2]}}";; esac
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="{" ".join(words["reparam"])} --help --version --print-completion"
  elif [ "$COMP_CWORD" -eq 2 ] && [[ "${{COMP_WORDS[1]}}" =~ ^({kinds})$ ]]; then
    words="{" ".join(words["train"])} --config --resume --from --help"
  else
    case "$command" in
{chr(10).join(cases)}
    esac
    case "$command $before" in
{chr(10).join(values)}
    esac
  fi
  COMPREPLY=( $(compgen -W "$words" -- "$current") )
  [ "${{current:0:1}}" = - ] || [ ${{#COMPREPLY[@]}} -gt 0 ] || COMPREPLY=( $(compgen -f -- "$current") )
}}
complete -o filenames -F _reparam reparam"""


def _fish(words: dict[str, list[str]], found: dict[str, Flags], told: dict[str, str]) -> Iterator[str]:
    start = "complete -c reparam -n __fish_use_subcommand"
    yield from (f"{start} -f -a {name} -d '{_quoted(told[name])}'" for name in words["reparam"])
    for name in OF_KINDS:
        yield f"complete -c reparam -n '__fish_seen_subcommand_from {name}' -a '{' '.join(words[name])}'"
    for place, flags in found.items():
        seen = " && ".join(f"__fish_seen_subcommand_from {word}" for word in place.split())
        for flag, choices in flags.items():
            long = f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}"
            yield f"complete -c reparam -n '{seen}' {long}" + (f" -x -a '{' '.join(choices)}'" if choices else "")


def _quoted(text: str) -> str:
    return text.replace("'", "\\'")
