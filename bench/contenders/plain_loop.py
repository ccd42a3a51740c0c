"""(b) A plain PyTorch loop as tutorials write it: a Dataset of decoded images, a DataLoader, Adam, BCE summed."""

from bench.contenders.common import LATENT, options, report_epochs, time_epochs

chosen = options(__doc__)

import torch  # noqa: E402
from torch import Tensor, nn  # noqa: E402
from torch.nn import functional as F  # noqa: E402
from torch.utils.data import DataLoader  # noqa: E402

from bench.contenders.digits import Digits  # noqa: E402
from bench.mnist import PIXELS, TRAIN  # noqa: E402

WIDTH = chosen.hidden


class VAE(nn.Module):
    """The 784-400-20 MLP."""

    def __init__(self) -> None:
        super().__init__()
        self.hidden = nn.Linear(PIXELS, WIDTH)
        self.mean, self.log_variance = nn.Linear(WIDTH, LATENT), nn.Linear(WIDTH, LATENT)
        self.decoder = nn.Sequential(nn.Linear(LATENT, WIDTH), nn.ReLU(), nn.Linear(WIDTH, PIXELS), nn.Sigmoid())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        h = F.relu(self.hidden(x))
        mean, log_variance = self.mean(h), self.log_variance(h)
        z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
        return self.decoder(z), mean, log_variance


def loss_of(model: VAE, x: Tensor) -> Tensor:
    """The negative lower bound, summed over the batch, in nats."""
    probabilities, mean, log_variance = model(x)
    kl = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
    return F.binary_cross_entropy(probabilities, x, reduction="sum") + kl


def main() -> None:
    torch.manual_seed(chosen.seed)
    model, loader = VAE(), DataLoader(Digits(), batch_size=chosen.batch, shuffle=True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def epoch() -> int:
        total = 0.0
        for images in loader:
            optimizer.zero_grad()
            loss = loss_of(model, images.view(-1, PIXELS))
            loss.backward()
            total += loss.item()
            optimizer.step()
        return TRAIN

    report_epochs(chosen, ("torch", "numpy", "pillow"), time_epochs(epoch, chosen, TRAIN))


if __name__ == "__main__":
    main()
