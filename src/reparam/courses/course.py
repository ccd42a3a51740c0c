"""The five sheets that the notebooks answer, by number."""

from dataclasses import dataclass
from importlib.resources import files

from reparam.errors import UserError
from reparam.nearest import meant


@dataclass(frozen=True)
class Course:
    """A sheet of exercises, and its notebook.

    Args:
        number: of the sheet.
        title: of the notebook.
        what: it asks for, in a line.
        archive: the name of what is handed in, after the student's.
    """

    number: str
    title: str
    what: str
    archive: str

    @property
    def source(self) -> str:
        """The notebook as text (MyST Markdown, as jupytext reads it)."""
        return (files("reparam.courses") / "sheets" / f"{self.number}.md").read_text(encoding="utf-8")


COURSES = {
    course.number: course
    for course in (
        Course(
            "000",
            "VAE and GAN: where a gradient passes, and the best discriminator",
            "three models and the reparameterization they need, a covariance that is none, D* and its cases",
            "exercise03",
        ),
        Course(
            "001",
            "Deep generative models: the VAE and the GAN, a report",
            "the whole assignment: theory, a VAE, a GAN, their curves, samples, manifold and walk, and the comparison",
            "assignment3",
        ),
        Course(
            "002",
            "Generative models: the lower bound in two ways, and two latent planes",
            "the ELBO derived twice, reparameterized and in closed form; an autoencoder and a VAE in the plane",
            "series9",
        ),
        Course(
            "003",
            "Where GANs fail, posteriors without a density, and the Wasserstein distance",
            "vanishing gradients, mode collapse, AVB and its density ratio, disjoint supports, the plan, the critic",
            "lecture9",
        ),
        Course(
            "004",
            "KL, the variational autoencoder, and the losses of a GAN",
            "KL of two normals, the bound rearranged, a VAE in plain PyTorch, the players and their losses",
            "exercise9",
        ),
    )
}
"""By number, in the order in which they are listed."""


def get(number: str) -> Course:
    """The course of this number; leading zeros may be left out.

    Raises:
        UserError: if there is none.

    >>> get("0").number
    '000'
    """
    wanted = number.zfill(3)
    if wanted not in COURSES:
        raise UserError(f"there is no course {number!r}{meant(wanted, COURSES)}: take one of {', '.join(COURSES)}")
    return COURSES[wanted]
