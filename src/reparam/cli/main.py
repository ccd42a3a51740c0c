"""``reparam``: find the command, import it alone, and turn a user's mistake into one sentence."""

import re
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from reparam._version import __version__
from reparam.contention import sharing_cores
from reparam.errors import Notice, UserError, printable
from reparam.interrupts import BROKEN_OFF, program, unmasked
from reparam.nearest import meant
from reparam.pace import heard
from reparam.peers import let_before, speaks_of
from reparam.terminal import Unheard, open_streams, say_out, speaks


@dataclass(frozen=True)
class Command:
    """A command.

    Args:
        what: it does, in a few words.
        home: the module of ``reparam.cli`` whose ``run`` it is, imported when called; or such a function: of the
            command's name and the words behind it, to the exit code (None: 0).
    """

    what: str
    home: str | Callable[[str, list[str]], int | None]

    def __call__(self, name: str, argv: list[str]) -> int:
        """Do it, and give the exit code."""
        run = import_module(f"reparam.cli.{self.home}").run if isinstance(self.home, str) else self.home
        return int(run(name, argv) or 0)


COMMANDS = {
    "train": Command("train a model and keep it in a run folder", "train"),
    "sample": Command("draw samples from a trained model", "figures"),
    "snapshots": Command("samples kept before training, on the way and after it", "figures"),
    "reconstruct": Command("test examples beside what the model makes of them", "figures"),
    "manifold": Command("what the plane of a 2-dimensional latent decodes to", "figures"),
    "latents": Command("where test examples lie in the latent space, coloured by class", "figures"),
    "interpolate": Command("a walk between two examples in latent space", "figures"),
    "explore": Command("a page to play with a model: sliders, a pen, the bound, codes", "explore"),
    "curves": Command("the lower bound, or a game's readings, over training", "figures"),
    "encode": Command("the codes of your own examples", "given"),
    "impute": Command("fill the missing cells of a table", "impute"),
    "score": Command("how well your own examples fit what a run has learned", "given"),
    "export": Command("a part of a model as a file that other programs run", "export"),
    "evaluate": Command("log p(x) of runs, and how near, varied and new their samples are", "evaluate"),
    "predictive-check": Command("compare test examples with draws by simple statistics", "figures"),
    "rate-distortion": Command("nats of code over squared error, by annealing", "figures"),
    "watch": Command("a local page of runs while they train", "watch"),
    "info": Command("what a run is, and what it reached", "info"),
    "doctor": Command("what is installed, and slow here; or check a run's files, and mend them", "doctor"),
    "config": Command("write the settings of a run as a file that trains it again", "config"),
    "bundled": Command("list the trained models that come with reparam", "bundled"),
    "push": Command("share a run on a Hugging Face hub, with a card", "push"),
    "data": Command("describe a data set and draw some of it", "data"),
    "two-sample": Command("test whether two samples are from one distribution", "two_sample"),
    "labs": Command("list the experiments of the theory", "labs"),
    "lab": Command("run one of them: a prediction beside its measurement, and a figure", "labs"),
    "course": Command("run the notebook of a sheet of exercises, and write what is handed in", "course"),
    "audit": Command("say which sampled variable of a loss blocks a gradient, and where", "audit"),
    "compare": Command("train models of both families, measure them alike, write the report", "compare"),
    "sweep": Command("try many settings of one kind, and test the best", "sweep"),
    "report": Command("the same report from runs that were trained before", "report"),
    "demo": Command("that comparison on the bundled MNIST, in under 8 minutes", "demo"),
}
"""By name, in the order in which they are listed."""

HELP = """usage: reparam COMMAND [OPTIONS]

Deep generative models that push noise onto data: train, sample, look.

commands:
{commands}

examples:
  reparam train vae                          a 20-dimensional VAE on the bundled MNIST
  reparam train vae --latent-dim 2 --out runs/plane
  reparam manifold runs/plane                the picture of its latent plane
  reparam compare --budget 2m                autoencoder, VAEs, GAN and WGAN in one report
  reparam COMMAND --help                     options and examples of a command
  reparam --print-completion bash            what a shell completes by (zsh and fish, too): add it to ~/.bashrc
"""


LACKS_MEMORY = "this takes more memory than there is: ask for less, as a smaller width, size or number"
NO_MEMORY = re.compile(r"can't allocate memory|out of memory|Storage size calculation overflowed", re.IGNORECASE)
"""What torch says where memory does not suffice, besides what Python does."""
UNREAD = 141
"""The exit code where what was to be said could not be: 128 and the number of SIGPIPE, as a shell has it."""


def main(argv: list[str] | None = None) -> int:
    """Run a command and return the exit code: 0 done, 2 a user's mistake, 130 interrupted, 141 nobody read it.

    Args:
        argv: the words; unless given, those that this process was started with, which is a program of ours then.
    """
    if argv is None:
        return program(lambda: main(sys.argv[1:]))
    open_streams()
    try:
        with notices(), sharing_cores(), heard(), unmasked():
            return dispatch(argv)
    except UserError as error:
        if speaks_of(error):
            print(f"reparam: {_words(error)}", file=sys.stderr)
        let_before(error)
        return 2
    except KeyboardInterrupt:
        print("reparam: interrupted", file=sys.stderr)
        return BROKEN_OFF
    except (Unheard, BrokenPipeError):
        return UNREAD
    except (OSError, MemoryError, RuntimeError) as error:
        if (sentence := explained(error)) is None:
            raise
        if speaks_of(error):
            print(f"reparam: {_words(sentence)}", file=sys.stderr)
        return 2


def explained(error: Exception) -> str | None:
    """A sentence where the machine is at fault, and no code: a file that the system refuses, memory that is not there.

    >>> explained(PermissionError(13, "Permission denied", "a.npy"))
    'a.npy cannot be used (Permission denied)'
    >>> explained(RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried 8 bytes"))
    'this takes more memory than there is: ask for less, as a smaller width, size or number'
    """
    if isinstance(error, MemoryError) or NO_MEMORY.search(str(error)):
        return LACKS_MEMORY
    named = isinstance(error, OSError) and error.filename is not None
    return f"{error.filename} cannot be used ({error.strerror})" if named else None  # type: ignore[attr-defined]


@contextmanager
def notices() -> Iterator[None]:
    """Print what :func:`reparam.errors.tell` says on standard error, each sentence once."""
    said: set[str] = set()
    with warnings.catch_warnings():
        show = warnings.showwarning

        def say(message: Warning | str, category: type[Warning], *where: Any, **more: Any) -> None:
            if not issubclass(category, Notice):
                show(message, category, *where, **more)
            elif speaks() and str(message) not in said:
                said.add(str(message))
                print(f"reparam: warning: {_words(message)}", file=sys.stderr)

        warnings.simplefilter("always", Notice)
        warnings.showwarning = say
        yield


def _words(said: object) -> str:
    """A sentence, and one line, with flags in the place of settings, and commands as they are typed here."""
    from reparam.cli.flags import translated
    from reparam.cli.typed import typed

    return printable(typed(translated(str(said))))


def dispatch(argv: list[str]) -> int:
    """Call the command that the first word names.

    Raises:
        UserError: if there is no such command.
    """
    if not argv or argv[0] in ("-h", "--help", "help"):
        say_out(help_text())
        return 0
    if argv[0] in ("-V", "--version"):
        say_out(f"reparam {__version__}")
        return 0
    if argv[0].partition("=")[0] == "--print-completion":
        from reparam.cli.completion import print_completion

        return print_completion(argv)
    name, *rest = argv
    if name not in COMMANDS:
        raise UserError(f"there is no command {name!r}{meant(name, COMMANDS)}: `reparam --help` lists them")
    return COMMANDS[name](name, rest)


def help_text() -> str:
    """What ``reparam --help`` prints."""
    return HELP.format(commands="\n".join(f"  {name:<18}{command.what}" for name, command in COMMANDS.items()))
