"""``reparam``: find the command, import it alone, and turn a user's mistake into one sentence."""

import os
import sys
from importlib import import_module

from reparam._version import __version__
from reparam.errors import UserError

COMMANDS = {
    "train": "train a model and keep it in a run folder",
    "sample": "draw samples from a trained model",
    "snapshots": "samples kept before training, on the way and after it",
    "reconstruct": "test examples beside what the model makes of them",
    "manifold": "what the plane of a 2-dimensional latent decodes to",
    "latents": "where test examples lie in the latent space, coloured by class",
    "interpolate": "a walk between two examples in latent space",
    "curves": "the lower bound, or a game's readings, over training",
    "encode": "the codes of your own examples",
    "score": "how well your own examples fit what a run has learned",
    "evaluate": "log p(x) of runs, and how near, varied and new their samples are",
    "info": "what a run is, and what it reached",
    "data": "describe a data set and draw some of it",
    "two-sample": "test whether two samples are from one distribution",
    "labs": "list the experiments of the theory",
    "lab": "run one of them: a prediction beside its measurement, and a figure",
    "audit": "say which sampled variable of a loss blocks a gradient, and where",
    "compare": "train models of both families, measure them alike, write the report",
    "report": "the same report from runs that were trained before",
    "demo": "that comparison on the bundled MNIST, in under 8 minutes",
}
HOMES = {"two-sample": "two_sample", "lab": "labs", "encode": "given", "score": "given"}
FIGURES = ("sample", "snapshots", "reconstruct", "manifold", "latents", "interpolate", "curves")

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
"""


def main(argv: list[str] | None = None) -> int:
    """Run a command and return the exit code: 0 done, 2 a user's mistake, 130 interrupted."""
    argv = sys.argv[1:] if argv is None else argv
    try:
        return dispatch(argv)
    except UserError as error:
        from reparam.cli.flags import translated
        from reparam.cli.typed import typed

        print(f"reparam: {typed(translated(str(error)))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("reparam: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # whoever read our output has gone; keep Python from complaining when it flushes at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141


def dispatch(argv: list[str]) -> int:
    """Call the command that the first word names.

    Raises:
        UserError: if there is no such command.
    """
    if not argv or argv[0] in ("-h", "--help", "help"):
        print(help_text())
        return 0
    if argv[0] in ("-V", "--version"):
        print(f"reparam {__version__}")
        return 0
    name, *rest = argv
    if name not in COMMANDS:
        raise UserError(f"there is no command {name!r}{_suggest(name)}: `reparam --help` lists them")
    module = "figures" if name in FIGURES else HOMES.get(name, name)
    return int(import_module(f"reparam.cli.{module}").run(name, rest) or 0)


def help_text() -> str:
    """What ``reparam --help`` prints."""
    return HELP.format(commands="\n".join(f"  {name:<14}{what}" for name, what in COMMANDS.items()))


def _suggest(name: str) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, COMMANDS, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""
