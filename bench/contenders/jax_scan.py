"""(c) A jitted JAX epoch: one lax.scan over permuted batches, pixels on the device as uint8, binarized inside, Adam."""

from bench.contenders.common import LATENT, options, report_epochs, time_epochs

chosen = options(__doc__)

from functools import partial  # noqa: E402
from typing import Any  # noqa: E402

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402
import optax  # noqa: E402
from jax import Array, lax, random  # noqa: E402

from bench.mnist import PIXELS, TRAIN, train_images  # noqa: E402

WIDTH = chosen.hidden
LAYERS = {"enc1": (PIXELS, WIDTH), "enc2": (WIDTH, 2 * LATENT), "dec1": (LATENT, WIDTH), "dec2": (WIDTH, PIXELS)}
STEPS = TRAIN // chosen.batch
optimizer = optax.adam(1e-3)
Tree = Any


def initial(key: Array) -> Tree:
    """Weights uniform in ±1/√inputs, as torch's Linear starts."""
    keys = random.split(key, len(LAYERS))
    return {
        name: (random.uniform(k, shape, minval=-1, maxval=1) / shape[0] ** 0.5, jnp.zeros(shape[1]))
        for k, (name, shape) in zip(keys, LAYERS.items(), strict=True)
    }


def linear(parameters: Tree, name: str, x: Array) -> Array:
    weight, bias = parameters[name]
    return x @ weight + bias


def loss_of(parameters: Tree, x: Array, key: Array) -> Array:
    """The negative lower bound in nats per image, written on logits."""
    h = jax.nn.relu(linear(parameters, "enc1", x))
    mean, log_variance = jnp.split(linear(parameters, "enc2", h), 2, axis=-1)
    z = mean + jnp.exp(0.5 * log_variance) * random.normal(key, mean.shape)
    logits = linear(parameters, "dec2", jax.nn.relu(linear(parameters, "dec1", z)))
    reconstruction = jnp.sum(jax.nn.softplus(logits) - x * logits)
    kl = -0.5 * jnp.sum(1 + log_variance - mean**2 - jnp.exp(log_variance))
    return (reconstruction + kl) / x.shape[0]


def step(images: Array, state: Tree, job: tuple[Array, Array]) -> tuple[Tree, Array]:
    (parameters, moments), (rows, key) = state, job
    key_pixels, key_noise = random.split(key)
    x = random.bernoulli(key_pixels, images[rows].astype(jnp.float32) / 255).astype(jnp.float32)
    loss, gradient = jax.value_and_grad(loss_of)(parameters, x, key_noise)
    update, moments = optimizer.update(gradient, moments)
    return (optax.apply_updates(parameters, update), moments), loss


@partial(jax.jit, donate_argnums=1)
def epoch_of(images: Array, state: Tree, key: Array) -> tuple[Tree, Array]:
    """One epoch, a fresh permutation; the last incomplete batch is left out."""
    key_order, key_steps = random.split(key)
    rows = random.permutation(key_order, TRAIN)[: STEPS * chosen.batch].reshape(STEPS, chosen.batch)
    state, losses = lax.scan(partial(step, images), state, (rows, random.split(key_steps, STEPS)))
    return state, losses.mean()


def main() -> None:
    images, key = jnp.asarray(train_images()), random.key(chosen.seed)
    parameters = initial(random.fold_in(key, 0))
    held = {"state": (parameters, optimizer.init(parameters)), "epoch": 0, "loss": 0.0}

    def epoch() -> int:
        held["epoch"] += 1
        state, loss = epoch_of(images, held["state"], random.fold_in(key, held["epoch"]))
        held["state"], held["loss"] = state, float(jax.block_until_ready(loss))
        return STEPS * chosen.batch

    seconds = time_epochs(epoch, chosen, TRAIN)
    report_epochs(chosen, ("jax", "jaxlib", "optax", "numpy"), seconds, loss=held["loss"])


if __name__ == "__main__":
    main()
