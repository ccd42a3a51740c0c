"""Many models of one data set, trained and measured alike, and the report on them."""

from reparam.compare.contenders import KINDS, contender
from reparam.compare.protocol import Protocol, parse_budget, settle
from reparam.compare.results import Result, Results, judge
from reparam.compare.trials import Trial, trials
from reparam.compare.write import page, write_report

__all__ = [
    "KINDS",
    "Protocol",
    "Result",
    "Results",
    "Trial",
    "contender",
    "judge",
    "page",
    "parse_budget",
    "settle",
    "trials",
    "write_report",
]
