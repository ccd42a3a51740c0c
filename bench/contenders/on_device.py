"""A training on one device, the data on it too: reparam, or a plain PyTorch loop with the same networks.

The VAE is the 784-400-20 perceptron on MNIST, the game a convolutional one of 3 by 32 by 32 images.
"""

import argparse
import json
import time
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as F

import reparam
from bench.contenders.common import HIDDEN, LATENT
from bench.mnist import TRAIN, train_images
from reparam.data import Dataset, Split
from reparam.kinds import GANConfig, VAEConfig, build_model
from reparam.models import GAN, Model
from reparam.training import Callback
from reparam.training.session import Session

IMAGES = 12_800


def parsed() -> argparse.Namespace:
    """The flags."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", choices=["vae", "game"], default="vae")
    parser.add_argument("--by", choices=["reparam", "plain"], default="reparam")
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--precision", choices=["fp32", "tf32", "bf16"], default="fp32")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--epochs", type=int, default=3, help="measured, after one that is not")
    parser.add_argument("--images", type=int, help="the first so many alone")
    parser.add_argument("--no-graphs", action="store_true", help="reparam without CUDA graphs")
    return parser.parse_args()


def data_of(chosen: argparse.Namespace) -> Dataset:
    """MNIST, or as many random images of 3 by 32 by 32 as an epoch of the game takes."""
    if chosen.model == "vae":
        x = torch.from_numpy(train_images()).view(-1, 1, 28, 28)[: chosen.images]
    else:
        noise = torch.Generator().manual_seed(0)
        x = torch.randint(0, 256, (chosen.images or IMAGES, 3, 32, 32), dtype=torch.uint8, generator=noise)
    parts = [Split(x), Split(x[:100]), Split(x[:100])]
    return Dataset("bench", *parts, data_shape=tuple(x.shape[1:]), scale=255.0, binarization="none")


def model_of(chosen: argparse.Namespace, data: Dataset) -> Model:
    """Both contenders' networks."""
    if chosen.model == "vae":
        return build_model(VAEConfig(hidden=(HIDDEN,), latent_dim=LATENT), data.data_shape)
    return build_model(GANConfig(network="conv", loss="non-saturating", average=0.0), data.data_shape)


def wait(device: torch.device) -> float:
    """The time, once the device has done what it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
    return time.perf_counter()


class Stopwatch(Callback):
    """Seconds of each epoch's steps."""

    def __init__(self, device: torch.device) -> None:
        self.device, self.seconds = device, list[float]()

    def row(self, session: Session, row: Mapping[str, Any]) -> None:
        now = wait(self.device)
        if row["split"] == "validation" or not row["step"]:
            self.began = now
        elif row["split"] == "train" and row["step"] % session.loop.steps_per_epoch == 0:
            self.seconds.append(now - self.began)
            self.began = now

    def start(self, session: Session) -> None:
        self.began = wait(self.device)


def ours(chosen: argparse.Namespace, model: Model, data: Dataset, device: torch.device) -> list[float]:
    """As `reparam train` does, without a run folder."""
    watch = Stopwatch(device)
    graphs = not chosen.no_graphs
    settings = {"precision": chosen.precision, "batch_size": chosen.batch, "epochs": chosen.epochs + 1}
    reparam.fit(model, data, progress=watch, device=chosen.device, cuda_graphs=graphs, **settings)
    return watch.seconds


def plain(chosen: argparse.Namespace, model: Model, data: Dataset, device: torch.device) -> list[float]:
    """As tutorials do, but with the data on the device from the start; every step's loss is read."""
    torch.set_float32_matmul_precision("high" if chosen.precision == "tf32" else "highest")
    torch.backends.cudnn.allow_tf32 = chosen.precision == "tf32"
    x = torch.as_tensor(data.train.x).to(device).float() / 255
    step = (vae_step if chosen.model == "vae" else game_step)(chosen, model.to(device).train())
    seconds = []
    for _ in range(chosen.epochs + 1):
        began, order = wait(device), torch.randperm(len(x), device=device)
        for rows in order.split(chosen.batch)[: len(x) // chosen.batch]:
            step(x[rows])
        seconds.append(wait(device) - began)
    return seconds


def vae_step(chosen: argparse.Namespace, model: Any) -> Callable[[Tensor], float]:
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)

    def step(x: Tensor) -> float:
        x = torch.bernoulli(x)
        optimizer.zero_grad()
        with torch.autocast(chosen.device, torch.bfloat16, enabled=chosen.precision == "bf16"):
            mean, log_variance = model.encoder(x).float().chunk(2, -1)
            z = mean + torch.exp(0.5 * log_variance) * torch.randn_like(mean)
            logits = model.decoder(z).float()
        kl = -0.5 * torch.sum(1 + log_variance - mean.pow(2) - log_variance.exp())
        loss = (F.binary_cross_entropy_with_logits(logits.view_as(x), x, reduction="sum") + kl) / len(x)
        loss.backward()
        optimizer.step()
        return loss.item()

    return step


def game_step(chosen: argparse.Namespace, model: Any) -> Callable[[Tensor], float]:
    assert isinstance(model, GAN)
    parts = (model.discriminator, model.generator)
    moves = [torch.optim.Adam(part.parameters(), lr=2e-4, betas=(0.5, 0.999)) for part in parts]

    def judge(x: Tensor) -> Tensor:
        return model.discriminator(x).float().flatten()

    def step(x: Tensor) -> float:
        x = x * 2 - 1
        with torch.autocast(chosen.device, torch.bfloat16, enabled=chosen.precision == "bf16"):
            made = model.generator(torch.randn(len(x), model.latent_dim, device=x.device)).float()
            moves[0].zero_grad()
            loss = F.softplus(-judge(x)).mean() + F.softplus(judge(made.detach())).mean()
        loss.backward()
        moves[0].step()
        moves[1].zero_grad()
        with torch.autocast(chosen.device, torch.bfloat16, enabled=chosen.precision == "bf16"):
            F.softplus(-judge(made)).mean().backward()
        moves[1].step()
        return loss.item()

    return step


def main() -> None:
    """Measure, and print a line of JSON."""
    chosen = parsed()
    device = torch.device(chosen.device)
    torch.manual_seed(0)
    data = data_of(chosen)
    model = model_of(chosen, data)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(device)
    seconds = (ours if chosen.by == "reparam" else plain)(chosen, model, data, device)
    mib = torch.cuda.max_memory_allocated(device) / 2**20 if device.type == "cuda" else None
    per_epoch = TRAIN / len(data.train) if chosen.model == "vae" else 1.0
    print(json.dumps({"epochs": [value * per_epoch for value in seconds[1:]], "mib": mib, "images": len(data.train)}))


if __name__ == "__main__":
    main()
