"""``reparam.audit``: run a loss once, and say which sampled variable blocks a gradient, and where."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Any, overload

import torch
from torch import Tensor, nn

from reparam.audit.parameters import Parameters, named, within_reach
from reparam.audit.report import Report
from reparam.audit.session import Session
from reparam.audit.surroundings import Noise, same_noise, unchanged
from reparam.errors import UserError


@overload
def audit(
    loss_fn: None = None, parameters: Parameters | None = None, check: bool = False, seed: int = 0, seeds: int = 64
) -> "Watch": ...


@overload
def audit(
    loss_fn: Callable[[], Any],
    parameters: Parameters | None = None,
    check: bool = False,
    seed: int = 0,
    seeds: int = 64,
) -> Report: ...


def audit(
    loss_fn: Callable[[], Any] | None = None,
    parameters: Parameters | None = None,
    check: bool = False,
    seed: int = 0,
    seeds: int = 64,
) -> "Report | Watch":
    """Run a loss once and report every sampled variable: does a gradient pass it, and if not, where does it stop.

    Args:
        loss_fn: takes no argument and returns the scalar loss, or ``(loss, module)``, or ``(loss, {name: parameter})``.
            Without one, a context manager: ``with reparam.audit() as report:`` watches the block, and takes for the
            loss what is differentiated in it, or else the last scalar made in it.
        parameters: whose gradients are meant: a module, a mapping from names to tensors (or modules), or tensors. All
            parameters met in the run unless given here or by ``loss_fn``.
        check: compare autograd's gradient, averaged over seeds, with central differences.
        seed: seed of the run; torch's, NumPy's and Python's generators are as before afterwards.
        seeds: how many seeds the check averages over.

    Returns:
        The report, or a context manager that gives it.

    Raises:
        UserError: if the loss is no scalar tensor, or the parameters are none.

    >>> mean = torch.zeros(3, requires_grad=True)
    >>> audit(lambda: torch.normal(mean, 1.0).square().sum(), {"mean": mean}).verdicts()
    ['blocked']
    >>> audit(lambda: (mean + torch.randn(3)).square().sum(), {"mean": mean}).verdicts()
    ['reparameterized']
    """
    given = None if parameters is None else named(parameters)
    if loss_fn is None:
        if check:
            raise UserError("check=True runs the loss many times: give the loss as a function, not as a with block")
        return Watch(given)
    if not callable(loss_fn):
        raise UserError(f"the loss is {type(loss_fn).__name__}, not a function: give a function that returns the loss")
    reach = given or within_reach(loss_fn)
    report, chosen, made, generators = _run(loss_fn, reach, given, seed)
    if check and report.error is None:
        from reparam.audit.numeric import check_gradient

        report.check = check_gradient(loss_fn, report, chosen, made, Noise(seed, generators), seeds)
    return report


def _run(
    loss_fn: Callable[[], Any], reach: dict[str, Tensor], given: dict[str, Tensor] | None, seed: int
) -> tuple[Report, dict[str, Tensor], bool, list[torch.Generator]]:
    """The report, the parameters meant by name, whether the function makes them anew, and the generators it used."""
    session, report = Session(reach, keeps_graphs=True), Report()
    with quietly(loss_fn, reach.values()), same_noise(seed, "audit"):
        try:
            with session.watching():
                result = loss_fn()
            loss, own = split(result)
        except UserError:
            raise
        except Exception as error:
            if not session.recorder.tape.complaints and not _ill_defined(error):
                raise
            report.error = f"{type(error).__name__}: {str(error).splitlines()[0]}"
            session.judge(report, None if given is None else list(given.values()), differentiate=False)
            report.warnings += _ill_defined(error)
            return report, {}, False, []
        finally:
            session.recorder.restore_generators()
        meant = given if given is not None else own
        if meant:
            session.registry.add(meant)
        session.returned(loss)
        session.judge(report, None if meant is None else list(meant.values()), differentiate=True)
    generators = [generator for generator, _ in session.recorder.generators]
    chosen = meant or dict(zip(session.registry.names, session.registry.tensors, strict=True))
    known = {id(tensor) for tensor in reach.values()}
    made = any(id(tensor) not in known for tensor in (own or {}).values())
    session.let_go()
    return report, chosen, made, generators


def split(result: Any) -> tuple[Tensor, dict[str, Tensor] | None]:
    """The loss, and the parameters returned beside it.

    Raises:
        UserError: if there is no scalar loss.
    """
    loss, meant = result, None
    if isinstance(result, tuple) and len(result) == 2 and isinstance(result[1], nn.Module | Mapping):
        loss, meant = result[0], named(result[1])
    if isinstance(loss, Mapping) and isinstance(loss.get("loss"), Tensor):
        loss = loss["loss"]
    if not isinstance(loss, Tensor):
        raise UserError(f"the loss function returned {type(loss).__name__}, not a tensor: return the scalar loss")
    if loss.numel() != 1:
        raise UserError(f"the loss has shape {tuple(loss.shape)}: return a scalar (sum or average it)")
    return loss, meant


@contextmanager
def quietly(loss_fn: Any, parameters: Any) -> Iterator[None]:
    """Afterwards the buffers within the function's reach and the gradients are what they were."""
    from reparam.audit.parameters import _referenced

    modules = [value for _, value in _referenced(loss_fn) if isinstance(value, nn.Module)]
    with unchanged(modules, parameters), torch.enable_grad():
        yield


def _ill_defined(error: BaseException) -> list[str]:
    """What PyTorch's own check of a distribution's parameters stumbled over, with the first entry that is wrong."""
    from reparam.audit.families import first_bad

    trace = error.__traceback__
    while trace is not None:
        variables = trace.tb_frame.f_locals
        value, name = variables.get("value"), variables.get("param")
        if isinstance(value, Tensor) and isinstance(name, str) and "distributions" in trace.tb_frame.f_code.co_filename:
            bad = first_bad(value)
            title = type(variables.get("self")).__name__
            return [f"the {name} of {title} is not positive: {bad}"] if bad is not None else []
        trace = trace.tb_next
    return []


class Watch:
    """The context manager that ``reparam.audit()`` gives without a function."""

    def __init__(self, given: dict[str, Tensor] | None) -> None:
        self._given = given
        self._report = Report()

    def __enter__(self) -> Report:
        self._session = Session(self._given or {})
        self._watching = self._session.watching()
        self._watching.__enter__()
        return self._report

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._watching.__exit__(kind, error, trace)
        if error is None:
            meant = None if self._given is None else list(self._given.values())
            self._session.judge(self._report, meant, differentiate=False)
        self._session.let_go()
