"""``reparam.two_sample(a, b)``: can a classifier, or a kernel, tell two samples apart, and by what?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from reparam.data import DataRecord, Dataset, Split, load_data
from reparam.data.columns.table import TableSchema
from reparam.data.load import binarized
from reparam.data.readers.given_cells import is_table
from reparam.data.reading import take
from reparam.data.tables import read_alike, read_by, rows_given
from reparam.door import leads_somewhere, user_path
from reparam.errors import UserError
from reparam.evaluation.codes.encoding import examples
from reparam.evaluation.columns_apart import Group, column_groups
from reparam.evaluation.draws import drawing
from reparam.evaluation.telling import Kind
from reparam.evaluation.two_sample import ClassifierTest, KernelTest, classifier_test, kernel_test
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
    **reading: Any,
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
        **reading: how files are read, as ``labels="species"``, see :func:`reparam.load_data`.

    Raises:
        UserError: if the examples differ in shape, or are too few, or there is no file that ``reading`` applies to.

    >>> rng = np.random.default_rng(0)
    >>> found = two_sample(rng.normal(size=(80, 2)), rng.normal(size=(60, 2)) + 3, classifier="linear", permutations=50)
    >>> found.examples, found.classifier.accuracy > 0.9, found.kernel.p_value < 0.05
    ((80, 60), True, True)
    """
    if n < 1:
        raise UserError(f"n={n} takes no examples: give 40 or more")
    opened = _opened(a, seed, reading), _opened(b, seed, reading)
    if reading and not any(isinstance(one, _Data) and one.of_file for one in opened):
        name, value = next(iter(reading.items()))
        raise UserError(f"{name}={value!r} says how a file is read, and neither of the two is one: leave it out")
    alike = _read_alike(*opened)
    x, y = _both(*alike, n, seed, say)
    first, second = (_called(one, other) for one, other in ((a, "a"), (b, "b")))
    say(f"{len(x)} examples of {first} and {len(y)} of {second}: training a classifier")
    cells = _cells(*alike)
    told = classifier_test(x, y, classifier=classifier, permutations=permutations, seed=seed, groups=cells)
    say("comparing with a kernel")
    kernel = kernel_test(x, y, permutations=permutations, seed=seed)
    return TwoSample(first, second, (len(x), len(y)), told, kernel, seed)


def _called(given: Any, otherwise: str) -> str:
    if isinstance(given, Run):
        return given.folder.name if given.folder else type(given.model).__name__
    if isinstance(given, Dataset):
        return given.name
    return str(given) if isinstance(given, str | Path) else otherwise


@dataclass(frozen=True)
class _Data:
    """Some splits of a data set: all of them where it is ``whole``, else the test split."""

    data: Dataset
    splits: tuple[Split, ...]
    whole: bool = False
    of_file: bool = False

    def __len__(self) -> int:
        return sum(map(len, self.splits))

    def seen(self, data: Dataset) -> "_Data":
        """The same of the data as they are read otherwise."""
        return _Data(data, tuple(data.splits.values()) if self.whole else (data.test,), self.whole, self.of_file)

    def at(self, rows: Tensor) -> np.ndarray:
        """The rows ``(n,)``, counted through the splits, in the numbers that samples have; nothing else is read."""
        found, start = np.empty((len(rows), *self.data.data_shape), np.float32), 0
        for split in self.splits:
            here = (rows >= start) & (rows < start + len(split))
            if here.any():
                part = Split(take(split.x, rows[here] - start), binarized=split.binarized)
                found[here.numpy()] = torch.cat(list(examples(part, self.data))).numpy()
            start += len(split)
        return DataRecord.of(self.data).given_back(found)


def _opened(given: Any, seed: int, reading: Mapping[str, Any]) -> Any:
    """A run; or data: of a file all of them, of a data set or its name the test split; or what was given."""
    if isinstance(given, Dataset):
        return _Data(given, (given.test,))
    if is_table(given):
        data = Dataset.of(given, seed=seed, **reading)
        return _Data(data, tuple(data.splits.values()), whole=True, of_file=True)
    if not isinstance(given, str | Path):
        return given
    if leads_somewhere(Path(given) / "config.json"):
        return load(given)
    if not leads_somewhere(user_path(given)):
        data = load_data(given, seed=seed)
        return _Data(data, (data.test,))
    data = load_data(given, seed=seed, **reading)
    return _Data(data, tuple(data.splits.values()), whole=True, of_file=True)


def _both(a: Any, b: Any, n: int, seed: int, say: Callable[[str], None]) -> tuple[np.ndarray, np.ndarray]:
    """Both samples, ``(n, *shape)`` each."""
    binarization = next((one.record.binarization for one in (a, b) if isinstance(one, Run)), "none")
    a, b = (_as_seen(one, binarization, say) if isinstance(one, _Data) else one for one in (a, b))
    if a is b:
        both = _examples(a, 2 * n, seed)
        return both[: len(both) // 2], both[len(both) // 2 :]
    return _examples(a, n, seed), _examples(b, n, seed)


def _read_alike(a: Any, b: Any) -> tuple[Any, Any]:
    """Tables as one schema reads them: a run's where one of the two is a run, else one that is found from both."""
    schema = next((one.record.schema for one in (a, b) if isinstance(one, Run)), None)
    if schema is not None:
        return _read_by(a, schema), _read_by(b, schema)
    if a is b or not all(isinstance(one, _Data) and one.data.table is not None for one in (a, b)):
        return a, b
    one, other = read_alike(a.data, b.data)
    return a.seen(one), b.seen(other)


def _cells(a: Any, b: Any) -> list[Group] | None:
    """The columns of tables, by which they are told apart; None of what is no table with names."""
    schemas = [one.record.schema if isinstance(one, Run) else one.data.table if isinstance(one, _Data) else None
               for one in (a, b)]  # fmt: skip
    found = next((schema for schema in schemas if schema is not None and schema.form == "table"), None)
    return None if found is None else column_groups(found)


def _read_by(given: Any, schema: TableSchema) -> Any:
    if isinstance(given, Run):
        return given
    return given.seen(read_by(given.data, schema)) if isinstance(given, _Data) else rows_given(given, schema, "x").x


def _as_seen(given: _Data, binarization: Any, say: Callable[[str], None]) -> _Data:
    """The data, 0 or 1 where the run they are compared with saw such."""
    data = given.data
    if binarization == "none" or data.binary or data.range[0] < 0 or data.range[1] > 1:
        return given
    say(f"{data.name} is binarized, as for the run it is compared with")
    return given.seen(binarized(data, binarization))


def _examples(given: Any, n: int, seed: int) -> np.ndarray:
    """Samples of a run, or a seeded choice of examples, in the data's own numbers."""
    if isinstance(given, Run):
        return drawing(given, n, seed).samples().x
    given = given if isinstance(given, _Data) else _array(given)
    rows = torch.randperm(len(given), generator=generator(seed, "two-sample", "choice"))[:n]
    return given.at(rows) if isinstance(given, _Data) else np.take(given, rows.numpy(), axis=0)


def _array(given: Any) -> np.ndarray:
    array = np.asarray(given.detach().cpu() if isinstance(given, torch.Tensor) else given)
    if not array.ndim:
        raise UserError(f"{given!r} is no sample: give a run, data, or an array (n, *shape)")
    return array
