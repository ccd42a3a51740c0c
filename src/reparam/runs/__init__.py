"""Runs: the folder that a training leaves, and how it is read again."""
