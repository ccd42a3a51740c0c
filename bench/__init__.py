"""The speed of reparam beside its peers, measured in one run: `python -m bench`."""
