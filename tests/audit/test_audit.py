import gc
import json
import random
import warnings

import numpy as np
import pytest
import torch
import torch.distributions as D
from torch import nn

import reparam
from reparam.audit.exercise import Exercise
from reparam.audit.operations import ZERO_GRADIENTS, has_zero_gradient
from reparam.errors import UserError


@pytest.fixture
def net():
    return nn.ModuleDict({"encoder": nn.Linear(4, 4), "decoder": nn.Linear(2, 4)})


@pytest.fixture
def x():
    return torch.randn(6, 4)


def vae_loss(net, x, pathwise):
    loc, log = net["encoder"](x).chunk(2, -1)
    z = loc + log.exp() * torch.randn_like(loc) if pathwise else torch.normal(loc, log.exp())
    kl = 0.5 * (loc.square() + (2 * log).exp() - 2 * log - 1).sum(-1).mean()
    return (net["decoder"](z) - x).square().sum(-1).mean() + kl


# what a report says


@pytest.mark.parametrize(("pathwise", "verdict"), [(True, "reparameterized"), (False, "blocked")])
@pytest.mark.parametrize("laid_out", [torch.Tensor.to_sparse_coo, torch.Tensor.to_sparse_csr, torch.Tensor.to_mkldnn])
@pytest.mark.filterwarnings("ignore:Sparse")
def test_a_draw_is_followed_through_a_sparse_or_opaque_tensor(net, x, laid_out, pathwise, verdict):
    def loss():
        loc, log = net["encoder"](x).chunk(2, -1)
        z = D.Normal(loc, log.exp()).rsample() if pathwise else torch.normal(loc, log.exp())
        return (net["decoder"](laid_out(z).to_dense()) - x).square().mean()

    assert reparam.audit(loss, net).verdicts() == [verdict]


def test_an_opaque_tensor_written_over_holds_a_draw_no_more(net, x):
    def loss():
        loc, log = net["encoder"](x).chunk(2, -1)
        z = torch.normal(loc, log.exp()).to_mkldnn().zero_()
        return (net["decoder"](z.to_dense()) - x).square().mean()

    assert reparam.audit(loss, net).verdicts() == ["not needed"]


def test_a_node_says_where_what_and_why(net, x):
    def loss():
        loc, log = net["encoder"](x).chunk(2, -1)
        z = torch.normal(loc, log.exp())  # the culprit
        return (net["decoder"](z) - x).square().mean()

    (node,) = reparam.audit(loss, net).nodes
    assert node.verdict == "blocked"
    assert node.text == "z = torch.normal(loc, log.exp())  # the culprit"
    assert node.file == __file__
    assert node.function == "loss"
    assert node.shape == (6, 2)
    assert node.distribution == "Normal(mean: (6, 2), std: (6, 2))"
    assert node.blocked == node.depends_on == ("encoder.weight", "encoder.bias")
    assert "mean + std * torch.randn_like(mean)" in node.advice
    assert node.inside is None


def test_the_line_is_the_users_and_the_librarys_stands_below_it(x):
    q = D.Normal(nn.Parameter(torch.zeros(3)), 1.0)

    def loss():
        return q.sample().square().sum()

    (node,) = reparam.audit(loss).nodes
    assert node.text == "return q.sample().square().sum()"
    assert node.inside.startswith("torch/distributions/normal.py:")
    assert node.under_no_grad


def test_groups_say_how_parameters_are_reached(net, x):
    bad, good = (reparam.audit(lambda p=p: vae_loss(net, x, p), net) for p in (False, True))
    assert {g.name: g.verdict for g in bad.groups} == {"encoder": "partly", "decoder": "pathwise"}
    assert {g.name: g.verdict for g in good.groups} == {"encoder": "pathwise", "decoder": "pathwise"}
    assert bad.groups[0].held_by
    assert bad.groups[0].gradient > 0
    only = reparam.audit(lambda: torch.normal(net["encoder"](x), 1.0).square().sum(), net)
    assert {g.name: g.verdict for g in only.groups} == {"encoder": "not at all", "decoder": "not in the loss"}


def test_text_html_and_json_say_the_same(net, x):
    report = reparam.audit(lambda: vae_loss(net, x, False), net, check=True, seeds=4)
    text, page, data = str(report), report._repr_html_(), json.loads(json.dumps(report.json(), allow_nan=False))
    assert "1 sampled variable holds back a gradient" in text
    assert "1 sampled variable holds back a gradient" in page
    assert "torch.randn_like(loc)" in text
    assert "torch.normal(loc, log.exp())" in page
    assert data["nodes"][0]["verdict"] == "blocked"
    assert data["ok"] is False
    assert data["check"]["seeds"] == 4
    assert report._repr_png_() is None


def test_a_report_has_numbers_and_a_figure(net, x):
    report = reparam.audit(lambda: vae_loss(net, x, False), net, check=True, seeds=4)
    numbers = report.numbers
    assert numbers["group"].tolist() == [group.name for group in report.groups]
    assert numbers["gradient"].tolist() == [group.gradient for group in report.groups]
    assert len(numbers["autograd"]) == len(numbers["error"]) == len(report.check.directions)
    (axes,) = report.figure().axes
    assert [bar.get_width() for bar in axes.patches] == numbers["gradient"].tolist()
    with pytest.raises(UserError, match="no parameters"):
        reparam.audit.Report().figure()


def test_code_is_escaped_in_html():
    p = nn.Parameter(torch.zeros(3))
    report = reparam.audit(lambda: (torch.rand(3) < p).float().sum() + p.sum() if "<b>" else None)
    assert "<b>&quot;" not in report._repr_html_().replace("&lt;b&gt;", "")
    assert "&lt; p" in report._repr_html_()


def test_draws_of_a_loop_are_one_row():
    p = nn.Parameter(torch.zeros(3))

    def loss():
        return sum((p + torch.randn(3)).square().sum() for _ in range(4))

    report = reparam.audit(loss)
    assert len(report.nodes) == 4
    assert "× 4" in str(report)
    assert str(report).count("randn") == 1


# whose gradients are meant


def test_parameters_in_every_form(net, x):
    def loss():
        return vae_loss(net, x, False)

    assert reparam.audit(loss, net["decoder"]).ok
    assert reparam.audit(loss, list(net["decoder"].parameters())).ok
    assert reparam.audit(loss, {"d": net["decoder"]}).ok
    assert not reparam.audit(loss, dict(net.named_parameters())).ok
    assert reparam.audit(lambda: (loss(), net["decoder"])).ok
    assert not reparam.audit(lambda: (loss(), {"encoder": net["encoder"]})).ok


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((3,), "the loss is int, not a function"),
        ((lambda: 1.0,), "returned float, not a tensor"),
        ((lambda: torch.zeros(3),), r"shape \(3,\): return a scalar"),
        ((lambda: torch.zeros(()), {"w": torch.zeros(2)}), "'w' does not require a gradient"),
        ((lambda: torch.zeros(()), {"w": torch.zeros(2, requires_grad=True) * 2}), "is computed from others"),
        ((lambda: torch.zeros(()), {"w": 3.0}), "'w' is float, not a tensor"),
        ((lambda: torch.zeros(()), nn.ReLU()), "holds none that require a gradient"),
        ((None, None, True), "give the loss as a function"),
    ],
)
def test_a_users_mistake_is_refused(arguments, words):
    with pytest.raises(UserError, match=words):
        reparam.audit(*arguments)


def test_errors_of_the_loss_are_the_losss_own():
    with pytest.raises(ZeroDivisionError):
        reparam.audit(lambda: 1 / 0)


def test_a_loss_without_randomness_or_gradient():
    assert reparam.audit(lambda: torch.ones(3).sum()).nodes == []
    assert reparam.audit(lambda: torch.randn(3).sum()).verdicts() == ["not needed"]


# the with block


def test_the_with_block_takes_what_is_differentiated_for_the_loss(net, x):
    optimizer = torch.optim.Adam(net.parameters())
    with reparam.audit() as report:
        loss = vae_loss(net, x, False)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert report.verdicts() == ["blocked"]
    assert report.loss == pytest.approx(loss.item())
    assert "decoder.weight" in " ".join(report.nodes[0].blocked) or report.nodes[0].blocked


def test_the_with_block_without_a_backward_takes_the_last_scalar(net, x):
    with reparam.audit(parameters=net) as report:
        vae_loss(net, x, True)
    assert report.verdicts() == ["reparameterized"]


def test_the_with_block_over_several_steps(net, x):
    with reparam.audit(parameters=net) as report:
        for pathwise in (True, False):
            net.zero_grad()
            vae_loss(net, x, pathwise).backward()
    assert report.verdicts() == ["reparameterized", "blocked"]


def test_an_error_in_the_with_block_comes_through(net):
    with pytest.raises(ZeroDivisionError), reparam.audit():
        1 / 0  # noqa: B018
    assert torch._C._len_torch_dispatch_stack() == 0


# nothing is left behind


def test_generators_gradients_and_buffers_are_as_before(x):
    own = torch.Generator().manual_seed(5)
    model = nn.Sequential(nn.Linear(4, 4), nn.BatchNorm1d(4), nn.Dropout())
    model[0].weight.grad = torch.ones_like(model[0].weight)

    def loss():
        random.random(), np.random.random()  # noqa: NPY002
        total = (model(x) + torch.randn(6, 4, generator=own)).square().mean()
        total.backward()
        return total

    def states():
        numpys = np.random.get_state()[1].tolist()  # noqa: NPY002
        return torch.get_rng_state(), own.get_state(), random.getstate(), numpys

    before = states()
    state = {name: value.clone() for name, value in model.state_dict().items()}
    reparam.audit(loss, model, check=True, seeds=2)
    after = states()
    assert torch.equal(before[0], after[0])
    assert torch.equal(before[1], after[1])
    assert before[2:] == after[2:]
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())
    assert torch.equal(model[0].weight.grad, torch.ones_like(model[0].weight))
    assert model[0].bias.grad is None


def test_no_mode_hook_or_patch_stays(net, x):
    from torch.utils.checkpoint import CheckpointFunction

    def loss():
        hidden = D.Dirichlet(net["encoder"](x).exp()).rsample()
        return hidden.sum() + vae_loss(net, x, True)

    apply = CheckpointFunction.apply
    reparam.audit(loss, net)
    assert torch._C._len_torch_dispatch_stack() == 0
    assert torch._C._len_torch_function_stack() == 0
    assert CheckpointFunction.apply == apply
    assert "apply" not in vars(CheckpointFunction)
    assert not net["encoder"].weight._backward_hooks
    assert torch.is_grad_enabled()


def test_what_it_sees_is_let_go(net, x):
    import weakref

    kept = []

    def loss():
        z = net["encoder"](x)[:, :2] + torch.randn(6, 2)
        kept.append(weakref.ref(z))
        return net["decoder"](z).square().sum()

    report = reparam.audit(loss, net)
    gc.collect()
    assert kept[0]() is None
    assert report.ok


def test_the_numbers_are_those_of_the_plain_loss(net, x):
    from reparam.randomness import noise

    with noise(3, "audit"):
        plain = vae_loss(net, x, True)
    assert reparam.audit(lambda: vae_loss(net, x, True), net, seed=3).loss == pytest.approx(plain.item())


# what it sees in passing


def test_a_scale_that_is_not_positive_is_named():
    h = nn.Parameter(torch.tensor([[0.5, 1.0], [-0.25, 2.0]]))
    rooted = reparam.audit(lambda: (h.sqrt() * torch.randn(2, 2)).sum())
    assert any("the variance is not positive: element [1, 0] is -0.25" in w for w in rooted.warnings)
    raised = reparam.audit(lambda: torch.normal(torch.zeros(2, 2), h).sum())
    assert raised.error
    assert not raised.ok
    assert any("the std of Normal is not positive: element [1, 0] is -0.25" in w for w in raised.warnings)
    refused = reparam.audit(lambda: D.Normal(0.0, h).rsample().sum())
    assert any("the scale of Normal is not positive: element [1, 0] is -0.25" in w for w in refused.warnings)
    mended = reparam.audit(lambda: (h.exp().sqrt() * torch.randn(2, 2)).sum())
    assert mended.warnings == []


def test_a_mean_over_data_beside_a_sum_over_latents_is_warned_of(net, x):
    def loss(average):
        loc, log = net["encoder"](x).chunk(2, -1)
        error = (net["decoder"](loc + log.exp() * torch.randn_like(loc)) - x).square()
        kl = 0.5 * (loc.square() + (2 * log).exp() - 2 * log - 1).sum(-1).mean()
        return (error.mean() if average else error.sum(-1).mean()) + kl

    (warning,) = reparam.audit(lambda: loss(True), net).warnings
    assert "(6, 4)" in warning
    assert "(6, 2)" in warning
    assert reparam.audit(lambda: loss(False), net).warnings == []


def test_a_parameter_out_of_reach_is_named(net, x):
    report = reparam.audit(lambda: net["decoder"](torch.randn(6, 2)).square().sum(), net)
    assert report.warnings == ["the loss does not depend on encoder.weight, encoder.bias"]


def test_a_loss_may_make_a_model_whose_layers_are_made_before_torch_knows_it(x):
    class Model(nn.Module):
        def __init__(self):
            layer = nn.Linear(4, 4)
            super().__init__()
            self.layer = layer

    def loss():
        model = Model()
        return torch.normal(model.layer(x), 1.0).square().mean(), model

    assert reparam.audit(loss).nodes[0].blocked == ("layer.weight", "layer.bias")


def test_a_number_that_left_torch_and_came_back_is_noticed():
    p = nn.Parameter(torch.tensor(0.3))

    def loss():
        return (torch.normal(p.item(), 1.0, (4,)) - p).square().sum()

    (node,) = reparam.audit(loss).nodes
    assert node.verdict == "blocked"
    assert "left torch" in node.reason


# the check


def test_the_check_finds_the_bias_of_a_blocked_gradient():
    """E[(z - 3)²] for z ~ N(0, 1) has the slope -6, of which autograd sees nothing.

    The slope of one seed's loss, of 50 draws, has a standard deviation of 2 / √50, and its mean over 24 seeds one of
    0.06: the bias is a hundred times that, in the one direction that there is.
    """
    shift = nn.Parameter(torch.zeros(1))
    check = reparam.audit(lambda: (torch.normal(shift.expand(50), 1.0) - 3).square().mean(), check=True, seeds=24).check
    assert check.biased
    measured = [d for d in check.directions if d.method == "central differences"]
    assert measured
    for d in measured:
        assert abs(d.measured) == pytest.approx(6, abs=0.4)
        assert d.autograd == 0
        assert abs(d.z) > 4.5


def test_and_none_in_a_pathwise_one(net, x):
    check = reparam.audit(lambda: vae_loss(net, x, True), net, check=True, seeds=24).check
    assert check.biased is False
    assert all(abs(d.measured - d.autograd) < 1e-3 * abs(d.measured) + 1e-3 for d in check.directions)


def test_the_check_measures_what_a_discrete_draw_lacks():
    """E[(b - 3)²] for a coin of probability p has the slope -5, of which autograd sees nothing."""
    logit = nn.Parameter(torch.zeros(2))

    def loss():
        return (torch.bernoulli(logit.sigmoid().expand(50, 2)) - 3).square().mean(0).sum()

    check = reparam.audit(loss, check=True, seeds=64).check
    assert check.biased
    assert {d.method for d in check.directions} == {"central differences", "score function"}


def test_the_check_declines_where_it_would_mislead():
    logits = nn.Parameter(torch.zeros(3))

    def surrogate():
        q = D.Categorical(logits=logits)
        a = q.sample((8,))
        return (q.log_prob(a) * a.float()).mean()

    assert reparam.audit(surrogate, check=True).check.biased is None

    def anew():
        layer = nn.Linear(2, 2)
        return (layer(torch.ones(1, 2)) + torch.randn(1, 2)).square().sum(), layer

    check = reparam.audit(anew, check=True).check
    assert check.biased is None
    assert "outside" in check.note


# the exercise


def test_the_four_models_of_the_exercise():
    answers = Exercise().answers(check=True, seeds=16)
    for question, report in answers:
        assert report.verdicts() == [question.verdict], question.written
    biased = [report.check.biased for _, report in answers]
    assert biased[:4] == [False, True, False, False]
    assert biased[4:] == [None, False]
    ill = answers[4][1]
    assert any("not positive: element [" in warning for warning in ill.warnings)
    assert not answers[5][1].warnings


# what the verdicts rest on


def test_every_formula_called_zero_is_zero():
    p = torch.full((50,), 0.6, requires_grad=True)
    made = [
        torch.normal(p, 1.0),
        torch.normal(0.0, p),
        torch.normal(p, p),
        (p * 1).normal_(),
        torch.bernoulli(p),
        (p * 1).bernoulli_(p),
        (p * 1).bernoulli_(0.5),
        torch.poisson(p),
        (p * 1).exponential_(),
        (p * 1).geometric_(0.5),
        (p * 1).cauchy_(),
        (p * 1).log_normal_(),
        (p * 1).random_(),
        (p * 1).uniform_(),
        p.round(),
        p.floor(),
        p.ceil(),
        p.trunc(),
        p.sign(),
    ]
    names = set()
    for tensor in made:
        assert has_zero_gradient(tensor.grad_fn.name()), tensor.grad_fn.name()
        names.add(tensor.grad_fn.name().rstrip("0123456789"))
        (gradient,) = torch.autograd.grad(tensor.sum(), p, allow_unused=True)
        assert gradient is None or not gradient.any()
    assert names == set(ZERO_GRADIENTS)


def test_reused_memory_carries_nothing_over():
    """Tensors come and go at the same addresses: what one depended on must not stick to the next."""
    p = nn.Parameter(torch.zeros(64))

    def loss():
        for _ in range(50):
            torch.normal(p, 1.0).sum()
        fresh = [torch.ones(64) * 2 for _ in range(50)]
        return sum(f.sum() for f in fresh) + p.sum()

    assert set(reparam.audit(loss).verdicts()) == {"not needed"}


def test_a_factor_that_is_no_log_probability_is_not_called_an_estimator():
    loc = nn.Parameter(torch.tensor([0.5, -1.0]))

    def loss():
        z = torch.normal(loc, 1.0)
        return ((loc * z).cos() * z.square()).sum() + (loc + z).square().sum()

    assert reparam.audit(loss).verdicts()[0] in ("blocked", "unknown")


def test_warnings_stay_silent(net, x):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        reparam.audit(lambda: vae_loss(net, x, True), net, check=True, seeds=2)


def test_a_check_that_resolves_nothing_says_so():
    logit = nn.Parameter(torch.zeros(3))
    check = reparam.audit(lambda: torch.bernoulli(logit.sigmoid()).sum() ** 2, check=True, seeds=3).check
    assert check.biased is None
    assert "more seeds" in check.note


def test_the_check_works_through_a_reentrant_checkpoint(x):
    from torch.utils.checkpoint import checkpoint

    layer = nn.Linear(4, 4)

    def loss():
        return checkpoint(lambda h: h + torch.randn_like(h), layer(x), use_reentrant=True).square().mean()

    assert reparam.audit(loss, layer, check=True, seeds=4).check.biased is False


@pytest.mark.parametrize("seed", range(6))
def test_kinks_are_not_taken_for_a_bias(seed, x):
    """Without noise all seeds agree: only the differences' own error stands between a kink and a false alarm."""
    torch.manual_seed(seed)
    layers = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 4))
    assert reparam.audit(lambda: (layers(x) - x).square().mean(), layers, check=True, seeds=2).check.biased is False
