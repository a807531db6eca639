"""A figure as a small inline SVG: the same bytes for the same figure, readable aloud, and at home in a dark page.

matplotlib writes styles as ``style`` attributes, which a strict Content Security Policy forbids, repeats the font with
every text, numbers every group, and stamps a date. Here each style becomes a presentation attribute, the font is the
page's, only ids that are referred to stay (with the figure's prefix), and each of the charts' colors becomes a CSS
variable that falls back to itself.
"""

from __future__ import annotations

import io
import re
import warnings
import xml.etree.ElementTree as ET
from typing import Any

from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from sesreport.core.text import visible
from sesreport.report.charts import look as colors
from sesreport.report.charts.look import ChartFigure, look

_SVG, _XLINK = "{http://www.w3.org/2000/svg}", "{http://www.w3.org/1999/xlink}"
VARIABLES = {
    getattr(colors, name).lower(): f"--chart-{name.lower()}"
    for name in ("INK", "MUTED", "GRID", "PAPER", "ACTUAL", "LIGHT", "PALE", "GOOD", "WATCH", "BAD", "WORST")
}
"""CSS variable of each color; a page sets them for its dark mode."""
_LONG = re.compile(r"-?\d+\.\d+")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_STEP = re.compile(r"([MLQCZz])([^MLQCZz]*)")
_KEPT_FONT = ("font-size", "font-weight", "font-style")
_DEFAULTS = {"stroke-width": "1", "fill-opacity": "1", "stroke-opacity": "1", "opacity": "1", "text-anchor": "start"}


def figure_svg(
    figure: Figure, *, prefix: str, alt: str | None = None, title: str | None = None, titles: bool = True
) -> str:
    """The figure as one ``<svg role="img">`` with ``title`` and ``desc``.

    ``prefix`` (letters, digits, hyphens; one per figure of a page) begins every id. ``alt`` and ``title`` default to
    those of the figure. ``titles=False`` leaves out the drawn title block, for a page that writes it as text.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", prefix):
        raise ValueError(f"{prefix!r} is not a prefix of ids: use letters, digits and hyphens")
    title = visible(title or getattr(figure, "message", "") or "Chart")
    alt = visible(alt or getattr(figure, "alt", "") or title)
    block = figure.title_block if isinstance(figure, ChartFigure) and not titles else 0.0
    root = ET.fromstring(_written(figure, hide_titles=block > 0))
    for junk in [*root.findall(f"{_SVG}metadata"), *root.findall(f"{_SVG}defs")]:
        if junk.tag == f"{_SVG}metadata" or junk.find(f"{_SVG}style") is not None:
            root.remove(junk)
    _tidy(root, prefix)
    _unwrap(root)
    width, height = (float(size) for size in root.get("viewBox", "0 0 1 1").split()[2:])
    _describe(root, prefix, title, alt, (width, height), block * 72)
    ET.register_namespace("", _SVG[1:-1])
    return ET.tostring(root, encoding="unicode", short_empty_elements=True).replace("\n", "")


def _written(figure: Figure, *, hide_titles: bool) -> bytes:
    hidden = [text for text in figure.texts if hide_titles and text.get_gid() == "title-block"]
    buffer, dpi = io.BytesIO(), figure.dpi
    figure.patch.set_visible(False)
    for text in hidden:
        text.set_visible(False)
    try:
        with look(), warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Glyph .* missing from")  # the page's fonts draw it
            FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None, "Creator": None})
    finally:
        figure.dpi = dpi  # the backend leaves 72
        figure.patch.set_visible(True)
        for text in hidden:
            text.set_visible(True)
    return buffer.getvalue()


def _tidy(root: ET.Element, prefix: str) -> None:
    used = set()
    for element in root.iter():
        _plain_attributes(element)
        used |= set(_REFERENCE.findall(" ".join(element.attrib.values())))
        used |= {element.get("href", "")[1:]}
    for element in root.iter():
        name = element.attrib.pop("id", None)
        if name in used:
            element.set("id", f"{prefix}-{name}")
        if "href" in element.attrib:
            element.set("href", f"#{prefix}-{element.attrib['href'][1:]}")
        for attribute, value in element.attrib.items():
            if "url(#" in value:
                element.set(attribute, _REFERENCE.sub(rf"url(#{prefix}-\1)", value))
        element.tail = None
        if element.tag != f"{_SVG}text" and not (element.text or "").strip():
            element.text = None


def _plain_attributes(element: ET.Element) -> None:
    """``style`` and ``xlink:href`` as plain attributes, numbers to a tenth of a point, colors as variables."""
    link = element.attrib.pop(f"{_XLINK}href", None)
    if link is not None:
        element.set("href", link)
    for declaration in element.attrib.pop("style", "").split(";"):
        name, _, value = (part.strip() for part in declaration.partition(":"))
        if name == "font":
            element.attrib.update(_font(value))
        elif name and name != "font-family":
            element.set(name, value)
    if element.get("font-size"):
        element.set("font-size", element.attrib["font-size"].removesuffix("px"))
    for name, default in _DEFAULTS.items():
        if element.get(name) == default:
            del element.attrib[name]
    for name in ("fill", "stroke"):
        color = element.get(name, "").lower()
        if color in VARIABLES:
            element.set(name, f"var({VARIABLES[color]},{color})")
    for name in ("d", "x", "y", "width", "height", "transform", "stroke-width", "stroke-dasharray", "font-size"):
        if name in element.attrib:
            element.set(
                name, _LONG.sub(lambda m: f"{float(m[0]):.1f}".removesuffix(".0"), element.attrib[name]).strip()
            )
    if "d" in element.attrib:
        element.set("d", _short_path(element.attrib["d"]))


def _short_path(path: str) -> str:
    """The same path with ``H`` and ``V`` for level and upright lines: nearly all there is in a bar chart."""
    written: list[str] = []
    here = ["", ""]
    for command, numbers in _STEP.findall(path):
        to = numbers.split()
        if command == "L" and len(to) == 2:
            if to == here:
                continue
            step = f"V{to[1]}" if to[0] == here[0] else f"H{to[0]}" if to[1] == here[1] else f"L{to[0]} {to[1]}"
            written.append(step)
        else:
            written.append(command + " ".join(to))
        here = to[-2:] or here
    return "".join(written)


def _font(shorthand: str) -> dict[str, str]:
    """The size, weight and style of a CSS ``font`` shorthand such as ``700 11.5px 'DejaVu Sans'``."""
    found: dict[str, Any] = {}
    for word in shorthand.split("'")[0].split():
        if word.endswith("px"):
            found["font-size"] = word
        elif word.isdigit() or word in ("bold", "normal"):
            found["font-weight"] = word
        elif word in ("italic", "oblique"):
            found["font-style"] = word
    return {name: found[name] for name in _KEPT_FONT if name in found}


def _unwrap(element: ET.Element) -> None:
    """Groups that say nothing give way to what they hold; empty ones go."""
    children: list[ET.Element] = []
    for child in list(element):
        _unwrap(child)
        if child.tag == f"{_SVG}g" and not child.attrib:
            children.extend(child)
        elif child.tag == f"{_SVG}g" and not len(child):
            continue
        else:
            children.append(child)
    element[:] = children


def _describe(root: ET.Element, prefix: str, title: str, alt: str, size: tuple[float, float], cut: float) -> None:
    width, height = size
    for name in list(root.attrib):
        del root.attrib[name]
    root.attrib.update(
        {
            "class": "chart",
            "role": "img",
            "aria-labelledby": f"{prefix}-title {prefix}-desc",
            "viewBox": f"0 {cut:.1f} {width:g} {height - cut:.1f}",
            "width": f"{width:g}",
            "height": f"{height - cut:.1f}",
            "stroke-linejoin": "round",
            "fill": f"var(--chart-ink,{colors.INK.lower()})",
        }
    )
    heading = ET.Element(f"{_SVG}title", {"id": f"{prefix}-title"})
    heading.text = title
    description = ET.Element(f"{_SVG}desc", {"id": f"{prefix}-desc"})
    description.text = alt
    root[:0] = [heading, description]
