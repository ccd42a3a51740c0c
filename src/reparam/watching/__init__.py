"""Runs while they train, on a local page: what their folders say, looked at again and again."""
