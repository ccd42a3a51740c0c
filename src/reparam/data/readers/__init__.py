"""Readers: a format a file."""
