"""The GAN of tutorials: decoded images through a DataLoader, two Adams, BCE on sigmoids, .item() in the loop."""

from bench.contenders.common import options, report_epochs, time_epochs

chosen = options(__doc__)

import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.utils.data import DataLoader  # noqa: E402

from bench.contenders.digits import Digits  # noqa: E402
from bench.mnist import PIXELS, TRAIN  # noqa: E402

LATENT, GENERATOR, DISCRIMINATOR = 100, (128, 256, 512, 1024), (512, 256)


def build_generator() -> nn.Sequential:
    layers: list[nn.Module] = []
    for level, (before, after) in enumerate(zip((LATENT, *GENERATOR), GENERATOR, strict=False)):
        layers += [
            nn.Linear(before, after),
            *([nn.BatchNorm1d(after)] if level else []),
            nn.LeakyReLU(0.2, inplace=True),
        ]
    return nn.Sequential(*layers, nn.Linear(GENERATOR[-1], PIXELS), nn.Tanh())


def build_discriminator() -> nn.Sequential:
    layers: list[nn.Module] = []
    for before, after in zip((PIXELS, *DISCRIMINATOR), DISCRIMINATOR, strict=False):
        layers += [nn.Linear(before, after), nn.LeakyReLU(0.2, inplace=True)]
    return nn.Sequential(*layers, nn.Linear(DISCRIMINATOR[-1], 1), nn.Sigmoid())


def main() -> None:
    torch.manual_seed(chosen.seed)
    generator, discriminator, loss = build_generator(), build_discriminator(), nn.BCELoss()
    moves = [torch.optim.Adam(m.parameters(), lr=2e-4, betas=(0.5, 0.999)) for m in (generator, discriminator)]
    loader = DataLoader(Digits(), batch_size=chosen.batch, shuffle=True)

    def step(images: Tensor) -> tuple[float, float]:
        real, fake = torch.ones(len(images), 1), torch.zeros(len(images), 1)
        x = images.view(-1, PIXELS) * 2 - 1
        moves[0].zero_grad()
        made = generator(torch.randn(len(images), LATENT))
        generator_loss = loss(discriminator(made), real)
        generator_loss.backward()
        moves[0].step()
        moves[1].zero_grad()
        discriminator_loss = (loss(discriminator(x), real) + loss(discriminator(made.detach()), fake)) / 2
        discriminator_loss.backward()
        moves[1].step()
        return generator_loss.item(), discriminator_loss.item()

    def epoch() -> int:
        for images in loader:
            step(images)
        return TRAIN

    report_epochs(chosen, ("torch", "numpy", "pillow"), time_epochs(epoch, chosen, TRAIN))


if __name__ == "__main__":
    main()
