"""Plots of what a suite measured: Vega-Lite, drawn to SVG without a browser or a network."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from claimlog.files import write_durably

Spec = dict[str, Any]
"""A Vega-Lite specification with its data."""


class Plot(NamedTuple):
    """A Vega-Lite specification, and a sentence that says what one sees in it."""

    spec: Spec
    caption: str


VEGA_LITE_VERSION = "5.20"  # of Vega-Lite
VEGA_CONFIG = {
    "background": "white",
    "font": "system-ui, sans-serif",
    "axis": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal"},
    "legend": {"labelFontSize": 12, "title": None, "orient": "top"},
    "title": {"fontSize": 14, "anchor": "start"},
    "range": {"category": ["#0b4f9c", "#b4530a", "#51607a", "#9fb4d0"]},
}


PLOT_FOLDER = "docs"
"""Where plots lie in a package, beside the pages that show them."""


def write_plot(root: Path, name: str, plot: Plot) -> str:
    """Draw the plot of a suite into docs/ of a package; return the Markdown that shows it there."""
    import vl_convert

    specification = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "config": VEGA_CONFIG,
        **plot.spec,
    }
    text = vl_convert.vegalite_to_svg(specification, vl_version=VEGA_LITE_VERSION)
    target = root / PLOT_FOLDER / f"bench-{name}.svg"
    target.parent.mkdir(exist_ok=True)
    write_durably(target, text.encode() + b"\n")
    return f"![{plot.caption}]({target.name})"
