"""``reparam.two_sample(a, b)``: can a classifier, or a kernel, tell two samples apart, and by what?"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from reparam.data import Dataset, load_data
from reparam.data.load import binarized
from reparam.errors import UserError
from reparam.evaluation.codes.encoding import examples
from reparam.evaluation.pictures import sample
from reparam.evaluation.two_sample import ClassifierTest, KernelTest, Kind, classifier_test, kernel_test
from reparam.randomness import generator
from reparam.result import Result
from reparam.runs.run import Run, load

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 5


@dataclass(frozen=True, repr=False)
class TwoSample(Result):
    """Both tests of two samples.

    Attributes:
        a: what the first is called.
        b: the second.
        examples: how many of each.
        classifier: a classifier's test.
        kernel: a kernel's.
        seed: of samples, splits, the classifier and the permutations.
    """

    a: str
    b: str
    examples: tuple[int, int]
    classifier: ClassifierTest
    kernel: KernelTest
    seed: int

    @property
    def numbers(self) -> dict[str, np.ndarray]:
        """Of every feature, the most telling first: its name, the drop of accuracy, the distance, its p-value."""
        features = self.classifier.features
        names = {"feature": "name", "drop": "drop", "distance": "distance", "p_value": "p_value"}
        return {key: np.array([getattr(feature, name) for feature in features]) for key, name in names.items()}

    def figure(self) -> "Figure":
        """What the classifier loses without each of the features that tell most."""
        from reparam.plots import bars

        title = f"{self.a} and {self.b}: told apart with accuracy {self.classifier.accuracy:.3f}"
        numbers = self.numbers
        return bars(numbers["feature"].tolist(), numbers["drop"], title=title, unit="loss of accuracy when shuffled")

    def __str__(self) -> str:
        told, kernel = self.classifier, self.kernel
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


def two_sample(
    a: Any,
    b: Any,
    n: int = 2000,
    *,
    classifier: Kind = "network",
    permutations: int = 1000,
    seed: int = 0,
    say: Callable[[str], None] = lambda text: None,
) -> TwoSample:
    """Test whether two samples are from one distribution, by a classifier and by a kernel.

    Args:
        a: a run or its folder, of which samples are drawn; a file or a folder, of which all examples are taken; a data
            set or its name, of which the test split is; or an array or tensor ``(n, *shape)``.
        b: likewise; the same as ``a`` is split into two halves.
        n: at most so many examples of each.
        classifier: a small neural network, or logistic regression.
        permutations: behind each p-value.
        seed: of samples, splits, the classifier and the permutations.
        say: told what is being done.

    Raises:
        UserError: if the examples differ in shape, or are too few.

    >>> rng = np.random.default_rng(0)
    >>> found = two_sample(rng.normal(size=(80, 2)), rng.normal(size=(60, 2)) + 3, classifier="linear", permutations=50)
    >>> found.examples, found.classifier.accuracy > 0.9, found.kernel.p_value < 0.05
    ((80, 60), True, True)
    """
    if n < 1:
        raise UserError(f"n={n} takes no examples: give 40 or more")
    x, y = _both(a, b, n, seed, say)
    first, second = (_called(one, other) for one, other in ((a, "a"), (b, "b")))
    say(f"{len(x)} examples of {first} and {len(y)} of {second}: training a classifier")
    told = classifier_test(x, y, classifier=classifier, permutations=permutations, seed=seed)
    say("comparing with a kernel")
    kernel = kernel_test(x, y, permutations=permutations, seed=seed)
    return TwoSample(first, second, (len(x), len(y)), told, kernel, seed)


def _called(given: Any, otherwise: str) -> str:
    if isinstance(given, Run):
        return str(given.folder.path) if given.folder else type(given.model).__name__
    if isinstance(given, Dataset):
        return given.name
    return str(given) if isinstance(given, str | Path) else otherwise


def _both(a: Any, b: Any, n: int, seed: int, say: Callable[[str], None]) -> tuple[np.ndarray, np.ndarray]:
    """Both samples, ``(n, *shape)`` each."""
    alike = a is b or (isinstance(a, str | Path) and isinstance(b, str | Path) and str(a) == str(b))
    first, second = (_opened(one) for one in (a, b))
    settings = next((one.record.binarization for one in (first, second) if isinstance(one, Run)), "none")
    if alike:
        both = _examples(first, 2 * n, settings, seed, say)
        return both[: len(both) // 2], both[len(both) // 2 :]
    return _examples(first, n, settings, seed, say), _examples(second, n, settings, seed, say)


def _opened(given: Any) -> Any:
    """A run where a run folder is named, else what was given."""
    is_run = isinstance(given, str | Path) and (Path(given) / "config.json").exists()
    return load(given) if is_run else given


def _examples(given: Any, n: int, binarization: Any, seed: int, say: Callable[[str], None]) -> np.ndarray:
    """Samples of a run, or a seeded choice of examples as a model trained on them sees them."""
    if isinstance(given, Run):
        return sample(given, n, seed).x
    x = _all(given, binarization, seed, say) if isinstance(given, str | Path | Dataset) else _array(given)
    rows = torch.randperm(len(x), generator=generator(seed, "two-sample", "choice"))[:n]
    return np.take(x, rows.numpy(), axis=0)


def _array(given: Any) -> np.ndarray:
    array = np.asarray(given.detach().cpu() if isinstance(given, torch.Tensor) else given)
    if not array.ndim:
        raise UserError(f"{given!r} is no sample: give a run, data, or an array (n, *shape)")
    return array


def _all(given: str | Path | Dataset, binarization: Any, seed: int, say: Callable[[str], None]) -> np.ndarray:
    """The examples of data, 0 or 1 where the run they are compared with saw such."""
    data = given if isinstance(given, Dataset) else load_data(given, seed=seed)
    if binarization != "none" and not data.binary and data.range[0] >= 0 and data.range[1] <= 1:
        say(f"{_called(given, data.name)} is binarized, as for the run it is compared with")
        data = binarized(data, binarization)
    named = isinstance(given, Dataset) or not Path(given).exists()
    splits = [data.test] if named else [data.train, data.validation, data.test]
    return torch.cat([part for split in splits for part in examples(split, data)]).numpy()
