"""Inputs that a fuzzer makes, guided by the code that they reach: ``python -m attack fuzz``."""
