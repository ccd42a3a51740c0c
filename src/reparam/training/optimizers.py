"""Optimizers of turns, and the learning rate as a function of the step."""

import math
from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer

from reparam.errors import UserError
from reparam.models.model import Turn
from reparam.settings import ResolvedTraining, TrainingConfig
from reparam.training import adam, rmsprop
from reparam.training.moving import Moves

KINDS: dict[str, type[Optimizer]] = {
    "adam": torch.optim.Adam,
    "adamw": torch.optim.AdamW,
    "rmsprop": torch.optim.RMSprop,
    "sgd": torch.optim.SGD,
}
SAFE_RATE = 2e-3
FUSED = {"adam", "adamw", "sgd"}
SIGNED = {"adam", "adamw", "rmsprop"}
"""Update rules that move a weight by about the rate, however large its gradient."""


FAMILIES = ({"adam", "adamw"}, {"rmsprop"}, {"sgd"})
"""Update rules whose learning rates mean the same."""


def optimizer_settings(turn: Turn, config: TrainingConfig) -> dict[str, Any]:
    """What moves a turn: the rule under ``optimizer``, and all that its constructor is given, nothing left open.

    What the run's settings say, else what the turn asks for, else Adam at a safe rate.

    Raises:
        UserError: if a rule is asked for that the turn's rate is not meant for, and no rate is given.

    >>> optimizer_settings(Turn("vae", nn.Linear(1, 1), lambda batch: {}), TrainingConfig(optimizer="adamw"))
    {'optimizer': 'adamw', 'learning_rate': 0.002, 'weight_decay': 0.0}
    """
    settings: dict[str, Any] = dict(turn.optimizer)
    wanted, usual = settings.pop("optimizer", "adam"), settings.pop("learning_rate", SAFE_RATE)
    kind = config.optimizer or wanted
    if config.learning_rate is None and not any({kind, wanted} <= family for family in FAMILIES):
        raise UserError(
            f"optimizer={kind!r} needs a learning rate: turn {turn.name!r} knows one for {wanted} only ({usual:g}), "
            "which means something else there: give learning_rate, too"
        )
    if kind != wanted:
        settings = {}  # they were meant for another update rule
    rate = config.learning_rate or usual
    found = {"weight_decay": config.weight_decay, **settings}
    if kind == "rmsprop" and rmsprop.in_one_pass(found):
        found["fused"] = True  # runs from before have no such word, and go on to the bit
    return {"optimizer": kind, "learning_rate": rate, **found}


def build_optimizer(turn: Turn, config: TrainingConfig) -> Moves:
    """The optimizer of a turn, as a run wrote it down, else see :func:`optimizer_settings`.

    Raises:
        UserError: if the turn moves nothing.
    """
    written = config.optimizers if isinstance(config, ResolvedTraining) else {}
    settings = dict(written.get(turn.name) or optimizer_settings(turn, config))
    kind, rate = settings.pop("optimizer"), settings.pop("learning_rate")
    parameters = moving_parameters(turn.moves)
    if not parameters:
        raise UserError(f"turn {turn.name!r} moves no parameter: give it a module with learnable parameters")
    # JSON knows no tuples, and betas are one
    given: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in settings.items()
    }
    rates = peak_rates(turn.moves, rate, config.reach if kind in SIGNED else None)
    groups = [{"params": group, "lr": peak, "peak_rate": peak} for peak, group in by_rate(parameters, rates)]
    if adam.serves(kind, given):
        return adam.FusedAdam(kind, groups, **given)
    if rmsprop.serves(kind, given):
        return rmsprop.RMSprop(groups, **given)
    given |= {"fused": True} if kind in FUSED else {}
    return KINDS[kind](groups, lr=rate, **given)  # type: ignore[call-arg]


def peak_rates(module: nn.Module, rate: float, reach: float | None) -> dict[nn.Parameter, float]:
    """The learning rate of each learnable parameter: ``rate``, less for the weights of linear layers of many inputs.

    Args:
        module: whose parameters move.
        rate: what all but those have.
        reach: largest product of a linear layer's rate and inputs, see :func:`reparam.kinds.suiting.reach`.

    >>> list(peak_rates(nn.Linear(1000, 2), 0.01, reach=5.0).values())
    [0.005, 0.01]
    """
    rates = dict.fromkeys(moving_parameters(module), rate)
    for layer in module.modules():
        weight = getattr(layer, "weight", None)
        if reach is None or not isinstance(layer, nn.Linear) or not isinstance(weight, nn.Parameter):
            continue
        if weight in rates and rate * layer.in_features > reach:
            rates[weight] = reach / layer.in_features
    return rates


def by_rate(
    parameters: Iterable[nn.Parameter], rates: Mapping[nn.Parameter, float]
) -> list[tuple[float, list[nn.Parameter]]]:
    """Parameters of one rate together, in the order in which the rates are met."""
    groups: dict[float, list[nn.Parameter]] = {}
    for parameter in parameters:
        groups.setdefault(rates[parameter], []).append(parameter)
    return list(groups.items())


def moving_parameters(module: nn.Module) -> list[nn.Parameter]:
    """The learnable parameters of a module, in a fixed order."""
    return [parameter for parameter in module.parameters() if parameter.requires_grad]


def rate_factor(step: int, total: int, config: TrainingConfig) -> float:
    """The learning rate at a step as a share of its peak: a linear warm-up, then the schedule down to 0.

    >>> config = TrainingConfig(warmup=0.1, schedule="cosine")
    >>> [round(rate_factor(step, 100, config), 3) for step in (0, 9, 55, 99)]
    [0.1, 1.0, 0.483, 0.0]
    """
    warmup = round(config.warmup * total)
    if step < warmup:
        return (step + 1) / warmup
    done = (step + 1 - warmup) / max(1, total - warmup)
    match config.schedule:
        case "cosine":
            return 0.5 * (1 + math.cos(math.pi * done))
        case "linear":
            return 1 - done
        case _:
            return 1.0


def set_rate(optimizers: Iterable[Moves], factor: float) -> None:
    """Scale every optimizer's learning rate to ``factor`` times its peak."""
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["lr"] = group["peak_rate"] * factor
