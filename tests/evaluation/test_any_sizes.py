"""Two sets of any sizes: what is symmetric stays so, whichever set is the larger."""

import pytest
import torch

from reparam.adversarial import interpolates
from reparam.errors import UserError
from reparam.evaluation.dual import dual_by_critic
from reparam.evaluation.samples.frechet import frechet_distance
from reparam.evaluation.samples.kernel_distance import kernel_distance, squared_mmd
from reparam.evaluation.samples.manifold_metrics import manifold_metrics
from reparam.evaluation.samples.memorization import duplicates, memorization
from reparam.evaluation.samples.neighbours import nearest
from reparam.transport import wasserstein

SIZES = pytest.mark.parametrize(("n", "m"), [(90, 61), (61, 90)])


def sets(n, m):
    return torch.randn(n, 3, dtype=torch.float64), torch.randn(m, 3, dtype=torch.float64) + 0.5


@SIZES
def test_distances_do_not_depend_on_which_set_comes_first(n, m):
    x, y = sets(n, m)
    assert frechet_distance(x, y).value == pytest.approx(frechet_distance(y, x).value)
    assert squared_mmd(x, y).item() == pytest.approx(squared_mmd(y, x).item())
    found = kernel_distance(x, y)
    assert (found.subsets, found.subset_size) == (10, 6)
    there, back = manifold_metrics(x, y), manifold_metrics(y, x)
    assert (there.precision, there.recall) == (back.recall, back.precision)


@SIZES
def test_neighbours_of_any_number_of_queries_are_brute_force(n, m):
    x, y = sets(n, m)
    found = nearest(x, torch.split(y, 7), 2)
    expected = torch.cdist(x, y).topk(2, largest=False)
    torch.testing.assert_close(found.distances, expected.values)
    assert torch.equal(found.indices, expected.indices)
    assert memorization(x, y, y, "columns").n == (n, m, m)
    assert duplicates(x, y).n == min(n, m)


@SIZES
def test_the_dual_by_a_critic_stays_below_the_exact_distance(n, m):
    x, y = (points.float() for points in sets(n, m))
    found = dual_by_critic(x, y, steps=20)
    assert found.exact == pytest.approx(wasserstein(x, y).item())
    assert found.estimate <= found.exact


def test_pairs_of_unequal_batches_are_refused_in_words():
    with pytest.raises(UserError, match="as many of both"):
        interpolates(torch.zeros(3, 2), torch.zeros(4, 2))
