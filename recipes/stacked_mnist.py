"""Stacked MNIST: three random digits as colour channels, 1,000 modes; how many does the default GAN reach?

    .venv/bin/python recipes/stacked_mnist.py --out runs/stacked

Trains `reparam train gan` on 100,000 stacks of MNIST's training digits for as many steps as fit half an hour
(`--minutes` or `--steps` to change that), then judges 26,000 samples by the shipped classifier, one channel at a
time (Metz et al. 2017; Lin et al. 2018): modes seen at least once, and KL(shares of modes ‖ those of the data) in nats.
Beside them stand two floors: 26,000 exact draws of the 1,000 modes (about 999 / 52,000 = 0.019 nats from sampling
alone), and 26,000 stacks of test digits through the same classifier, which adds its own errors. An interrupted run is
gone on with.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

import reparam
from reparam.data import Split, load_data
from reparam.door import read_json
from reparam.evaluation.samples.classifier import WEIGHTS, digit_classifier
from reparam.files import write_npz
from reparam.kinds import GANConfig
from reparam.randomness import generator
from reparam.runs.config import RunConfig
from reparam.runs.run import Run
from reparam.settings import DataConfig, TrainingConfig
from reparam.training.budget import steps_within
from reparam.training.start import resume, train

DIGITS, CHANNELS, JUDGED, TRAINED_ON = 10, 3, 26_000, 100_000
MODES = DIGITS**CHANNELS


def stacks(split: Split, n: int, seed: int) -> tuple[np.ndarray, Tensor]:
    """``n`` stacks ``(n, 3, 28, 28)`` of random digits, and the mode of each ``(n,)``."""
    chosen = torch.randint(len(split), (n, CHANNELS), generator=generator(seed, "stacks", len(split)))
    assert split.y is not None
    return split.x[chosen][:, :, 0].numpy(), modes_of(split.y[chosen])


def modes_of(digits: Tensor) -> Tensor:
    """The number that three digits ``(n, 3)`` make, 0 to 999."""
    return digits @ torch.tensor([100, 10, 1])


def write_data(path: Path, seed: int) -> None:
    """The training data as a file, once."""
    if not path.exists():
        mnist = load_data("mnist")
        splits = {"train": (mnist.train, TRAINED_ON), "valid": (mnist.validation, 5000), "test": (mnist.test, 5000)}
        write_npz(path, {name: stacks(split, n, seed)[0] for name, (split, n) in splits.items()})


def judged(x: Tensor) -> Tensor:
    """The modes that the classifier sees in stacks ``(n, 3, 28, 28)`` in [0, 1]."""
    digits = [digit_classifier().probabilities(x[:, [channel]]).argmax(1) for channel in range(CHANNELS)]
    return modes_of(torch.stack(digits, dim=1))


def coverage(modes: Tensor, expected: Tensor) -> dict[str, float]:
    """Modes seen, and KL(shares seen ‖ expected) in nats."""
    shares = torch.bincount(modes, minlength=MODES).double() / len(modes)
    seen = shares > 0
    return {"modes": int(seen.sum()), "kl": (shares[seen] * (shares[seen] / expected[seen]).log()).sum().item()}


def expected_shares() -> Tensor:
    """Each mode's probability in the data: the product of its digits' shares of the training set, ``(1000,)``."""
    y = load_data("mnist").train.y
    assert y is not None
    shares = torch.bincount(y, minlength=DIGITS).double() / len(y)
    return torch.einsum("i,j,k->ijk", shares, shares, shares).flatten()


def floors(expected: Tensor, seed: int) -> dict[str, dict[str, float]]:
    """What a perfect generator would be given: by exact labels, and by the classifier's."""
    exact = torch.multinomial(expected, JUDGED, replacement=True, generator=generator(seed, "floor"))
    x, true = stacks(load_data("mnist").test, JUDGED, seed)
    seen = judged(torch.from_numpy(x).float() / 255)
    test = coverage(seen, expected) | {"stacks_misread": (seen != true).double().mean().item()}
    return {"exact draws": coverage(exact, expected), "stacks of test digits": test}


def trained(options: argparse.Namespace) -> Run:
    """The run, trained, gone on with or read back."""
    if (options.out / "config.json").exists():
        return resume(options.out)
    data = options.out.with_suffix(".npz")
    write_data(data, options.seed)
    model = GANConfig(network=options.network, width=options.width)
    training = TrainingConfig(
        steps=options.steps, batch_size=128, schedule="linear", warmup=0.0, seed=options.seed, log_every=200
    )
    config = RunConfig(model=model, data=DataConfig(data=str(data)), training=training)
    if options.steps is None:
        steps = steps_within(config, 60 * options.minutes)
        config = config.model_copy(update={"training": training.model_copy(update={"steps": steps})})
    return train(config, options.out)


def main() -> None:
    """Train, judge and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("runs/stacked"))
    parser.add_argument("--network", choices=("mlp", "conv"), default="mlp")
    parser.add_argument("--width", type=int, default=32, help="channels of the first convolution")
    parser.add_argument("--minutes", type=float, default=30.0, help="of training, turned into steps by timing some")
    parser.add_argument("--steps", type=int, default=None, help="instead of minutes")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    options.out.parent.mkdir(parents=True, exist_ok=True)
    run = trained(options)
    expected = expected_shares()
    samples = torch.from_numpy(reparam.sample(run, JUDGED, options.seed).mean).clamp(0, 1)
    rows = floors(expected, options.seed) | {"this run": coverage(judged(samples), expected)}
    accuracy = read_json(WEIGHTS.with_suffix(".json"))["test_accuracy"]
    seconds = read_json(run.folder.cost)["seconds"]
    print(f"{run.step:,} steps in {seconds / 60:.1f} minutes; the classifier is right on {accuracy:.2%} of test digits")
    print("| | modes | KL (nats) |\n|---|---|---|")
    for name, row in rows.items():
        print(f"| {name} | {row['modes']} | {row['kl']:.3f} |")
    result = {"rows": rows, "seconds": seconds, "steps": run.step, "classifier_accuracy": accuracy}
    (options.out / "stacked.json").write_text(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
