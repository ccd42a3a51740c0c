"""The convolutional GAN and the residual VAE in a plain PyTorch loop: a DataLoader, Adam, .item() in the loop."""

import torch
from torch import Tensor

from bench.contenders.conv_common import Players, Stopwatch, endless, loader, options, report, vae_loss, vae_of

chosen = options(__doc__)


def gan_step(players: Players, moves: list[torch.optim.Optimizer], x: Tensor) -> None:
    """The discriminator's turn, then the generator's."""
    moves[0].zero_grad()
    loss, fake = players.of_discriminator(x)
    loss.backward()
    moves[0].step()
    loss.item()
    moves[1].zero_grad()
    loss = players.of_generator(fake)
    loss.backward()
    moves[1].step()
    loss.item()


def main() -> None:
    torch.manual_seed(chosen.seed)
    batches, watch = endless(lambda: iter(loader(chosen))), Stopwatch(chosen)
    if chosen.model == "gan":
        players = Players(chosen)
        both = (players.discriminator, players.generator)
        moves = [torch.optim.Adam(player.parameters(), lr=2e-4, betas=(0.5, 0.999)) for player in both]
        for x in batches:
            gan_step(players, moves, x)
            if not watch.step():
                break
    else:
        model = vae_of(chosen)
        optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
        for x in batches:
            optimizer.zero_grad()
            loss = vae_loss(model, x, chosen)
            loss.backward()
            loss.item()
            optimizer.step()
            if not watch.step():
                break
    report(watch)


if __name__ == "__main__":
    main()
