"""The same two models in Lightning's Trainer, its logging and checkpoints off; the peers' environment has it."""

import bench.contenders.torchvision_alone  # noqa: F401  isort: skip

import logging
import warnings

import lightning
import torch
from torch import Tensor

from bench.contenders.conv_common import Players, Stopwatch, loader, options, report, vae_loss, vae_of

chosen = options(__doc__)


class Counting(lightning.Callback):
    """Stops when the time is over."""

    def __init__(self) -> None:
        self.watch = Stopwatch(chosen)

    def on_train_batch_end(self, trainer: lightning.Trainer, *_: object) -> None:
        if not self.watch.step():
            trainer.should_stop = True


class Game(lightning.LightningModule):
    """Both players, moved by hand as Lightning's own example does."""

    def __init__(self) -> None:
        super().__init__()
        self.players = Players(chosen)
        self.generator, self.discriminator = self.players.generator, self.players.discriminator
        self.automatic_optimization = False

    def configure_optimizers(self) -> list[torch.optim.Optimizer]:
        both = (self.discriminator, self.generator)
        return [torch.optim.Adam(player.parameters(), lr=2e-4, betas=(0.5, 0.999)) for player in both]

    def training_step(self, x: Tensor) -> None:
        of_discriminator, of_generator = self.optimizers()  # type: ignore[misc]
        self.toggle_optimizer(of_discriminator)
        loss, fake = self.players.of_discriminator(x)
        of_discriminator.zero_grad()
        self.manual_backward(loss)
        of_discriminator.step()
        self.untoggle_optimizer(of_discriminator)
        self.toggle_optimizer(of_generator)
        loss = self.players.of_generator(fake)
        of_generator.zero_grad()
        self.manual_backward(loss)
        of_generator.step()
        self.untoggle_optimizer(of_generator)


class Autoencoder(lightning.LightningModule):
    """The residual VAE."""

    def __init__(self) -> None:
        super().__init__()
        self.model = vae_of(chosen)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.model.parameters(), lr=1e-3)

    def training_step(self, x: Tensor) -> Tensor:
        return vae_loss(self.model, x, chosen)


def main() -> None:
    warnings.simplefilter("ignore")
    logging.getLogger("lightning.pytorch").setLevel(logging.ERROR)
    torch.manual_seed(chosen.seed)
    if chosen.model == "gan" and chosen.shared_samples:
        raise SystemExit("toggling optimizers takes the generator's graph away: no samples are shared here")
    counting = Counting()
    off = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
    trainer = lightning.Trainer(accelerator="cpu", max_epochs=-1, callbacks=[counting], **off)  # type: ignore[arg-type]
    trainer.fit(Game() if chosen.model == "gan" else Autoencoder(), loader(chosen))
    report(counting.watch, lightning=lightning.__version__)


if __name__ == "__main__":
    main()
