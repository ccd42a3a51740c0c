"""Many models of one data set, trained and measured alike, and the report on them."""

from reparam.studies.contenders import KINDS, contender
from reparam.studies.protocol import Protocol, parse_budget, settle
from reparam.studies.results import Result, Results, judge
from reparam.studies.trials import Trial, trials
from reparam.studies.write import page, write_report

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
