"""Attacks on the library, counted: kills and errors at every file operation, damaged run folders."""
