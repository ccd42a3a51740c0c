"""A report as a table on the terminal and as HTML in a notebook."""

from collections.abc import Sequence
from html import escape
from io import StringIO

from rich.console import Console
from rich.markup import escape as plain
from rich.table import Table

from reparam.audit.report import Group, Node, Report

COLOURS = {
    "blocked": "red",
    "unknown": "yellow",
    "straight-through": "yellow",
    "relaxed": "cyan",
    "estimated": "cyan",
    "reparameterized": "green",
    "not needed": "dim",
    "pathwise": "green",
    "partly": "yellow",
    "not at all": "red",
    "not in the loss": "yellow",
}


def as_text(report: Report, width: int = 110, colour: bool = False) -> str:
    """The report as text, ``width`` characters wide."""
    out = StringIO()
    console = Console(file=out, width=width, force_terminal=colour, no_color=not colour, highlight=False)
    console.print(headline(report), style="bold")
    if report.nodes:
        console.print(_draws(report))
    if report.groups:
        console.print(_groups(report.groups))
    for warning in report.warnings:
        console.print(f"warning: {warning}", markup=False)
    if report.check is not None:
        console.print("\n".join(_check_lines(report)), markup=False)
    return out.getvalue().rstrip()


def headline(report: Report) -> str:
    """The outcome in a sentence."""
    if report.error is not None:
        return f"the loss raised {report.error}"
    if report.blocked:
        count = len(_distinct(report.blocked))
        return f"{count} sampled variable{'s hold' if count > 1 else ' holds'} back a gradient"
    unknown = sum(node.verdict == "unknown" for node in report.nodes)
    return "nothing is blocked" + (f"; {unknown} could not be told" if unknown else "")


def _distinct(nodes: list[Node]) -> list[tuple[Node, int]]:
    """Nodes of the same line and verdict as one, with how often they were drawn."""
    found: dict[tuple[object, ...], tuple[Node, int]] = {}
    for node in nodes:
        key = (node.file, node.line, node.inside, node.op, node.shape, node.verdict, node.blocked)
        found[key] = (node, found.get(key, (node, 0))[1] + 1)
    return list(found.values())


def _draws(report: Report) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1), show_edge=False)
    table.add_column("line", overflow="fold", max_width=30)
    table.add_column("sampled variable", ratio=1)
    table.add_column("verdict", no_wrap=True)
    for node, count in _distinct(report.nodes):
        place = f"{node.file.replace(chr(92), '/').rpartition('/')[2]}:{node.line}"
        text = plain(node.text) + "".join(f"\n[dim]{plain(line)}[/]" for line in _details(node, count))
        table.add_row(place, text, f"[{COLOURS[node.verdict]}]{node.verdict}[/]")
    return table


def _details(node: Node, count: int) -> list[str]:
    """What is said of a draw below its line of code."""
    times = f" × {count}" if count > 1 else ""
    depends = f", depends on {_names(node.depends_on)}" if node.depends_on else ""
    lines = [f"{node.distribution}, shape {node.shape}{times}{depends}"]
    lines += [f"in {node.inside}"] if node.inside else []
    lines += [f"{node.verdict}: {node.reason}"]
    lines += [f"no gradient to {_names(node.blocked)}"] if node.blocked and node.blocked != node.depends_on else []
    return lines + ([f"instead: {node.advice}"] if node.advice else [])


def _groups(groups: list[Group]) -> Table:
    table = Table("parameters", "gradient", "norm", "held back by", box=None, pad_edge=False, padding=(0, 1))
    for group in groups:
        norm = "none" if group.gradient is None else f"{group.gradient:.3g}"
        name = f"{group.name} ({len(group.parameters)})"
        verdict = f"[{COLOURS.get(group.verdict, 'cyan')}]{group.verdict}[/]"
        table.add_row(plain(name), verdict, norm, plain(", ".join(group.held_by)))
    return table


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _check_lines(report: Report) -> list[str]:
    check = report.check
    if check is None:
        return []
    lines = [
        f"check over {check.seeds} seeds: "
        + {True: "BIASED", False: "no bias beyond chance", None: "undecided"}[check.biased]
    ]
    lines += [
        f"  {d.along}: autograd {d.autograd:.4g}, {d.method} {d.measured:.4g} ± {d.error:.2g}, z = {d.z:.1f}"
        for d in check.directions
    ]
    return lines + ([f"  {check.note}"] if check.note else [])


def as_html(report: Report) -> str:
    """The report as an HTML fragment, with its own inline style."""
    head = f"<p><b>{escape(headline(report))}</b></p>"
    draws = [
        (
            f"{escape(node.file.rpartition('/')[2])}:{node.line}",
            f"<code>{escape(node.text)}</code>"
            + "".join(f"<br><small>{escape(line)}</small>" for line in _details(node, count)),
            _badge(node.verdict),
        )
        for node, count in _distinct(report.nodes)
    ]
    groups = [
        (
            escape(group.name),
            _badge(group.verdict),
            "none" if group.gradient is None else f"{group.gradient:.3g}",
            escape(", ".join(group.held_by)),
        )
        for group in report.groups
    ]
    tail = "".join(f"<p>warning: {escape(warning)}</p>" for warning in report.warnings)
    tail += "".join(f"<pre>{escape(line)}</pre>" for line in _check_lines(report))
    return (
        head
        + _html_table(("line", "sampled variable", "verdict"), draws)
        + _html_table(("parameters", "gradient", "norm", "held back by"), groups)
        + tail
    )


def _badge(verdict: str) -> str:
    colour = {"dim": "gray", "yellow": "darkorange", "cyan": "teal"}.get(COLOURS[verdict], COLOURS[verdict])
    return f'<b style="color:{colour}">{verdict}</b>'


def _html_table(titles: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    if not rows:
        return ""
    cell = ' style="text-align:left;vertical-align:top"'
    head = "".join(f"<th{cell}>{title}</th>" for title in titles)
    body = "".join("<tr>" + "".join(f"<td{cell}>{part}</td>" for part in row) + "</tr>" for row in rows)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
