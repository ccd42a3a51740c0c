"""The same VAE trained twice on MNIST, once drawing z by torch.normal: the curves, what the encoder learned, the audit.

    .venv/bin/python recipes/blocked_gradient.py --out runs/blocked

Everything but the line that draws z is equal: networks, seed, data, optimizer. Writes `blocked_gradient.png` (loss and
KL over training), the numbers beside it, and prints the audit of both. `--document docs` puts the picture there.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

import reparam
from reparam.plots.files import save
from reparam.plots.style import BLUE, ORANGE, dress, headline, legend, new_figure
from reparam.randomness import generator
from reparam.randomness import noise as seeded

LATENT, HIDDEN, BATCH = 10, 200, 128


class VAE(nn.Module):
    """A 784-200-10 VAE with Bernoulli pixels, written by hand as in a first exercise."""

    def __init__(self, pathwise: bool) -> None:
        super().__init__()
        self.pathwise = pathwise
        self.encoder = nn.Sequential(nn.Linear(784, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 2 * LATENT))
        self.decoder = nn.Sequential(nn.Linear(LATENT, HIDDEN), nn.ReLU(), nn.Linear(HIDDEN, 784))

    def terms(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Reconstruction error and KL, nats per example."""
        mean, log_scale = self.encoder(x).chunk(2, dim=-1)
        if self.pathwise:  # two lines, so that the audit can show the one that is to blame
            noise = torch.randn_like(mean)
            z = mean + log_scale.exp() * noise
        else:
            z = torch.normal(mean, log_scale.exp())
        error = F.binary_cross_entropy_with_logits(self.decoder(z), x, reduction="none").sum(-1).mean()
        kl = 0.5 * (mean.square() + (2 * log_scale).exp() - 2 * log_scale - 1).sum(-1).mean()
        return error, kl


def train(pathwise: bool, x: Tensor, steps: int) -> tuple[VAE, np.ndarray]:
    """A model and its (error, KL) per step."""
    with seeded(0, "weights"):
        model = VAE(pathwise)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    chosen = torch.randint(len(x), (steps, BATCH), generator=generator(0, "batches"))
    rows = []
    with seeded(0, "training"):
        for batch in chosen:
            error, kl = model.terms(x[batch])
            optimizer.zero_grad()
            (error + kl).backward()
            optimizer.step()
            rows.append((error.item(), kl.item()))
    return model, np.array(rows)


def draw(rows: dict[str, np.ndarray], path: Path) -> Path:
    """Loss and KL over training, both models in each."""
    figure = new_figure(9, 3.8)
    left, right = figure.subplots(1, 2)
    for (name, values), colour in zip(rows.items(), (BLUE, ORANGE), strict=True):
        steps = np.arange(len(values))
        left.plot(steps, smooth(values.sum(1)), color=colour, label=name)
        right.plot(steps, smooth(values[:, 1]), color=colour, label=name)
    dress(left, x="step", y="loss (nats per example)", title="the loss falls, either way")
    dress(right, x="step", y="KL (nats per example)", title="z says nothing of x where the gradient is blocked")
    left.set_ylim(90, 260)
    legend(left, left.get_lines(), list(rows))
    headline(figure, None)
    return save(figure, path, {name.replace(" ", "_"): values for name, values in rows.items()})


def smooth(values: np.ndarray, width: int = 25) -> np.ndarray:
    """A running mean."""
    kernel = np.ones(width)
    return np.convolve(values, kernel, "same") / np.convolve(np.ones(len(values)), kernel, "same")


def main() -> None:
    """Train, draw, audit."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--out", type=Path, default=Path("runs/blocked"))
    parser.add_argument("--document", type=Path, help="also put the picture into this folder")
    options = parser.parse_args()
    data = reparam.load_data("mnist", binarization="threshold")
    x = torch.as_tensor(np.asarray(data.train.x)).reshape(len(data.train.x), -1)
    x = (x > x.max() / 2).float()
    rows = {}
    for name, pathwise in (("mean + scale * noise", True), ("torch.normal(mean, scale)", False)):
        model, rows[name] = train(pathwise, x, options.steps)
        error, kl = rows[name][-100:].mean(0)
        print(f"\n{name}: last 100 steps: loss {error + kl:.1f}, error {error:.1f}, KL {kl:.2f} nats per example")
        print(reparam.audit(lambda model=model: sum(model.terms(x[:BATCH])), model))
    print(draw(rows, options.out / "blocked_gradient.png"))
    if options.document:
        print(draw(rows, options.document / "blocked_gradient.png"))
        (options.document / "blocked_gradient.npz").unlink()


if __name__ == "__main__":
    main()
