"""How near samples are to data, how much of it they cover, and whether they repeat it."""
