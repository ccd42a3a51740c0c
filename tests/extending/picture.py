"""A figure of one's own, its other half: numbers in, a picture out."""

from reparam.plots.style import dress, headline, new_figure


def spread(values, *, title):
    """A histogram."""
    figure = new_figure(4, 3)
    headline(figure, title)
    axes = figure.subplots()
    axes.hist(values)
    dress(axes, x="length", y="samples")
    return figure
