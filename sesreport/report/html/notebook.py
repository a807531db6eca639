"""A reader's copy of an executed notebook: what it says and shows, without its code."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

from sesreport.core.errors import NotebookError
from sesreport.core.resources import shipped
from sesreport.core.text import marked, visible
from sesreport.report.html.page import content_hash

DROPPED = ("parameters", "injected-parameters")
"""Tags of the cells a reader does not need (papermill's own)."""
_UNSHOWN = re.compile(r"<(style|script|iframe|object|template)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAGS = (
    "a", "abbr", "b", "blockquote", "br", "caption", "code", "col", "colgroup", "dd", "del", "details", "div", "dl",
    "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "ol",
    "p", "pre", "s", "small", "span", "strong", "sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead",
    "tr", "u", "ul",
)  # fmt: skip
_ATTRIBUTES = {
    "*": ["id", "lang", "title"],
    "a": ["href"],
    "img": ["src", "alt"],
    "td": ["colspan", "rowspan"],
    "th": ["colspan", "rowspan", "scope"],
    "ol": ["start"],
}


def notebook_html(executed: Any) -> str:
    """The notebook as one HTML page without code, script or request; the same notebook gives the same text.

    ``executed`` is a notebook node of nbformat, or the path of an ``.ipynb`` file. Cells tagged as in DROPPED are left
    out; figures keep the alternative text of their output's metadata; a failed cell says that it failed. Raises
    NotebookError when the file is no notebook.
    """
    node = _read(Path(executed)) if isinstance(executed, str | Path) else executed
    style = (shipped("templates/notebook") / "reader.css").read_text("utf-8")
    reader = {"title": _title(node), "style": style, "style_hash": content_hash(style)}
    text, _ = _exporter().from_notebook_node(node, resources={"reader": reader})
    return marked(str(text)).strip() + "\n"


def clean(html: str) -> str:
    """HTML of an output or of a text, with only harmless tags; tables as a screen reader wants them.

    pandas leaves an empty ``<th>`` above the index and headers without a scope.
    """
    safe = _sanitizer().sanitize_html_tags(_UNSHOWN.sub("", html))
    head, *bodies = re.split(r"(?=<tbody)", safe)
    parts = [head.replace("<th>", '<th scope="col">')]
    for body in bodies:
        rows, end, rest = body.partition("</tbody>")
        parts.append(rows.replace("<th>", '<th scope="row">') + end + rest.replace("<th>", '<th scope="col">'))
    return re.sub(r"<th[^>]*>\s*</th>", "<td></td>", "".join(parts))


def _read(path: Path) -> Any:
    import nbformat

    try:
        return nbformat.read(path, as_version=4)
    except OSError as error:
        raise NotebookError(f"notebook {path} could not be read: {error.strerror or error}") from error
    except Exception as error:  # nbformat raises several kinds, plain AttributeErrors among them
        raise NotebookError(f"{path} is not a notebook: {error}") from error


def _title(node: Any) -> str:
    for cell in node.cells:
        if cell.cell_type == "markdown":
            for line in cell.source.splitlines():
                if line.startswith("# "):
                    return visible(re.sub(r"[*_`]", "", line[2:]))
    return "Notebook"


@cache
def _exporter() -> Any:
    # nbconvert takes a second to import beside JupyterLab: only who exports pays for it.
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    config = Config()
    config.TagRemovePreprocessor.enabled = True
    config.TagRemovePreprocessor.remove_cell_tags = set(DROPPED)
    return HTMLExporter(
        config=config,
        template_name="notebook",
        extra_template_basedirs=[str(shipped("templates"))],
        filters={"clean": clean},
        exclude_input=True,
        exclude_input_prompt=True,
        exclude_output_prompt=True,
        exclude_anchor_links=True,
    )


@cache
def _sanitizer() -> Any:
    from nbconvert.preprocessors.sanitize import SanitizeHTML

    return SanitizeHTML(tags=list(_TAGS), attributes=_ATTRIBUTES, strip=True)
