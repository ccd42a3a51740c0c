"""``reparam two-sample A B``: are two samples from one distribution, and what tells them apart."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from tyro.conf import Positional, arg

from reparam.cli.parse import emit, parse, say
from reparam.errors import UserError

SHOWN = 5


@dataclass
class TwoSampleOptions:
    """Options of ``reparam two-sample``."""

    a: Positional[str]
    """A run folder, a file of arrays (.npy, .npz, .csv), or a data name."""
    b: Positional[str]
    """Likewise. Of a data name the test split is taken; the same name twice is split into two halves."""
    n: Annotated[int, arg(aliases=["-n"])] = 2000
    """At most so many examples of each."""
    classifier: Literal["network", "linear"] = "network"
    """A small neural network, or logistic regression."""
    permutations: int = 1000
    """Permutations behind each p-value."""
    seed: int = 0
    """Seed of samples, splits, the classifier and the permutations."""
    json: bool = False
    """Print the result as JSON."""


def run(command: str, argv: list[str]) -> int:
    """Sample, test, and say what was found."""
    what = "Test whether two samples are from one distribution, by a classifier and by a kernel."
    examples = [
        "reparam two-sample runs/vae mnist",
        "reparam two-sample runs/vae runs/gan -n 5000 --json",
        "reparam two-sample a.npy b.npy --classifier linear",
    ]
    options = parse(TwoSampleOptions, command, argv, what, examples)
    from reparam.evaluation.two_sample import classifier_test, kernel_test

    x, y = _samples(options)
    say(f"{len(x)} examples of {options.a} and {len(y)} of {options.b}: training a classifier")
    told = classifier_test(x, y, classifier=options.classifier, permutations=options.permutations, seed=options.seed)
    say("comparing with a kernel")
    kernel = kernel_test(x, y, permutations=options.permutations, seed=options.seed)
    result = {
        "a": options.a,
        "b": options.b,
        "examples": [len(x), len(y)],
        "classifier": asdict(told) | {"features": [asdict(feature) for feature in told.features]},
        "kernel": asdict(kernel),
        "seed": options.seed,
    }
    emit(options.json, result, describe(told, kernel))
    return 0


def describe(told: Any, kernel: Any) -> str:
    """The result for a person."""
    lines = [
        f"classifier  accuracy {told.accuracy:.3f} on {told.held_out} held-out examples (0.5 by chance), "
        f"p = {told.p_binomial:.2g} (binomial), {told.p_permutation:.2g} (permutation)",
        f"kernel      squared MMD {kernel.squared_mmd:.3g}, p = {kernel.p_value:.2g} (permutation)",
        "what tells them apart most: loss of accuracy when shuffled, distance of the distribution functions, p",
    ]
    lines += [
        f"  {feature.name:<16} {feature.drop:+.3f}   {feature.distance:.3f}   {feature.p_value:.2g}"
        for feature in told.features[:SHOWN]
    ]
    return "\n".join(lines)


def _samples(options: TwoSampleOptions) -> tuple[Any, Any]:
    """Both samples, ``(n, *shape)`` each."""
    if options.n < 1:
        raise UserError(f"--n {options.n} takes no examples: give 40 or more")
    runs = {name: _load_run(name) for name in {options.a, options.b} if _is_run(name)}
    settings = next((loaded.data.binarization for loaded in runs.values()), "none")
    if options.a == options.b:
        both = _examples(options.a, runs, 2 * options.n, settings, options.seed)
        return both[: len(both) // 2], both[len(both) // 2 :]
    first, second = (_examples(name, runs, options.n, settings, options.seed) for name in (options.a, options.b))
    return first, second


def _is_run(name: str) -> bool:
    return (Path(name) / "config.json").exists()


def _load_run(name: str) -> Any:
    from reparam.runs.run import load

    return load(name)


def _examples(name: str, runs: dict[str, Any], n: int, binarization: Any, seed: int) -> Any:
    """Samples of a run, or a seeded choice of a data set's examples as a model trained on them sees them."""
    import torch

    from reparam.data import load_data
    from reparam.evaluation import sample
    from reparam.evaluation.codes.encoding import examples
    from reparam.randomness import generator

    if name in runs:
        return sample(runs[name], n, seed).x
    data = load_data(name, seed=seed)
    if binarization != "none" and not data.binary and data.range[0] >= 0 and data.range[1] <= 1:
        say(f"{name} is binarized, as for the run it is compared with")
        data = load_data(name, binarization=binarization, seed=seed)
    named = not Path(name).exists()
    splits = [data.test] if named else [data.train, data.validation, data.test]
    x = torch.cat([part for split in splits for part in examples(split, data)])
    order = torch.randperm(len(x), generator=generator(seed, "two-sample", "choice"))[:n]
    return x[order].numpy()
