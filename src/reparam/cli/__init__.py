"""The command line. A leaf: nothing imports it."""
