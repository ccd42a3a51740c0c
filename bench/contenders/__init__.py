"""One module per contender, each run in its own process; each prints one line of JSON."""
