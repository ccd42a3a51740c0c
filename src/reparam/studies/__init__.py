"""Many models of one data set, trained and measured alike, and the report on them."""

from reparam.studies.asked import Asked
from reparam.studies.comparison import compare, report
from reparam.studies.contenders import contender, named_models
from reparam.studies.evaluation import Evaluation, evaluate
from reparam.studies.judge import Judge, Measured
from reparam.studies.protocol import Protocol, parse_budget, settle
from reparam.studies.results import Result, Results, judge
from reparam.studies.side import SideBySide
from reparam.studies.sweeps import Sweep, sweep
from reparam.studies.trials import Trial, trials
from reparam.studies.write import page, write_report

__all__ = [
    "Asked",
    "Evaluation",
    "Judge",
    "Measured",
    "Protocol",
    "Result",
    "Results",
    "SideBySide",
    "Sweep",
    "Trial",
    "compare",
    "contender",
    "evaluate",
    "judge",
    "named_models",
    "page",
    "parse_budget",
    "report",
    "settle",
    "sweep",
    "trials",
    "write_report",
]
