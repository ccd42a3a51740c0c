"""A measure of samples of one's own: how far the means of samples and data lie apart."""

from reparam.evaluation import Score


def means_apart(given):
    """The distance of the mean values, with its standard error if the two agree."""
    x, y = (part.flatten(1).double() for part in (given.samples, given.reference))
    error = ((x.var(0) / len(x) + y.var(0) / len(y)).sum().sqrt()).item()
    return Score("distance of means", (x.mean(0) - y.mean(0)).norm().item(), error, 0.0)
