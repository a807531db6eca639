"""Writes the parts of README.md and data/README.md that come from the code; a test compares them.

Parts stand between ``<!-- begin: name -->`` and ``<!-- end: name -->``.
"""

from __future__ import annotations

import json
import re
import sys
import typing
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from sesreport.core.files import write_whole
from sesreport.core.resources import shipped


def commands() -> str:
    """Every command with its first sentence."""
    from sesreport.cli.main import cli

    rows = [f"| `sesreport {name}` | {(c.help or '').splitlines()[0]} |" for name, c in sorted(cli.commands.items())]
    return "\n".join(["| command | what it does |", "|---|---|", *rows])


def kpis() -> str:
    """The scorecard's definitions."""
    from sesreport.kpis import words
    from sesreport.kpis.registry import kpis as defined

    rows = [f"| `{kpi.id}` | {kpi.label} | {_cell(kpi.formula)} | {words.target(kpi)} |" for kpi in defined()]
    return "\n".join(["| id | KPI | formula | target |", "|---|---|---|---|", *rows])


def rules() -> str:
    """Every rule with severity."""
    from sesreport.findings.registry import rules as defined

    rows = [f"| {rule.id} | `{rule.slug}` | {rule.severity} | {rule.title} |" for rule in defined().values()]
    return "\n".join(["| id | rule | severity | finding |", "|---|---|---|---|", *rows])


def notebooks() -> str:
    """Every notebook with the parameters its own cell names."""
    from sesreport.report.notebooks import notebooks as shipped_notebooks
    from sesreport.report.notebooks import parameters_of

    common = {"pack", "snapshot", "period", "config"}
    rows = []
    for path in shipped_notebooks():
        own = [f"`{n}` ({p['help']})" for n, p in parameters_of(path).items() if n not in common]
        rows.append(f"| `{path.stem}` | {_question(path)} | {', '.join(own) or '–'} |")
    return "\n".join(["| notebook | question | parameters of its own |", "|---|---|---|", *rows])


def options() -> str:
    """Every key of sesreport.toml with default and meaning."""
    from sesreport.report.delivery.registry import kinds
    from sesreport.settings.config import Config

    rows = _options(Config, "")
    for name, kind in kinds().items():
        rows += _options(kind.settings, f"[[delivery.{name}]].")
    return "\n".join(["| key | default | meaning |", "|---|---|---|", *rows])


def frames() -> str:
    """Every frame with its columns."""
    from sesreport.analysis.registry import GIVEN, derived_frames
    from sesreport.snapshot.collected import frames as collected

    parts = []
    for kind, declared in (("collected", collected()), ("kept by people", GIVEN)):
        parts += [_frame(frame, kind) for name, frame in declared.items() if name not in derived_frames()]
    parts += [_frame(frame, "derived") for frame in derived_frames().values()]
    return "\n\n".join(parts)


PARTS: dict[str, dict[str, Callable[[], str]]] = {
    "README.md": {
        "commands": commands,
        "kpis": kpis,
        "rules": rules,
        "notebooks": notebooks,
        "options": options,
    },
    "data/README.md": {"frames": frames},
}


def rendered(name: str) -> str:
    """The file with its generated parts made anew."""
    text = shipped(name).read_text(encoding="utf-8")
    for part, make in PARTS[name].items():
        pattern = re.compile(rf"(<!-- begin: {part} -->\n).*?(<!-- end: {part} -->)", re.DOTALL)
        if not pattern.search(text):
            raise LookupError(f"{name} has no part {part}")
        content = make()
        text = pattern.sub(lambda found, content=content: found[1] + content + "\n" + found[2], text)  # type: ignore[misc]
    return text


def _cell(value: str) -> str:
    return " ".join(value.split()).replace("|", "\\|").replace("``", "`")


def _question(path: Path) -> str:
    import nbformat

    text: str = nbformat.read(path, as_version=4).cells[0].source
    return text.splitlines()[-1].strip("*")


def _frame(frame: Any, kind: str) -> str:
    rows = [
        f"| {'**' + n + '**' if n in frame.keys else n} | {c.kind} | {_cell(c.doc)} |"
        for n, c in frame.all_columns.items()
    ]
    return "\n".join(
        [f"### `{frame.name}` ({kind})", "", frame.doc, "", "| column | kind | meaning |", "|---|---|---|", *rows]
    )


_PREFIXES: dict[Any, str] = {dict: "{}.<id>.", list: "[[{}]]."}
"""How the key of a setting that holds sections is written; one section, which may be missing, has its own name."""


def _options(model: type[BaseModel], prefix: str) -> list[str]:
    rows = []
    docs = _attribute_docs(model)
    for name, field in model.model_fields.items():
        key = f"{prefix}{field.alias or name}"
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            rows += _options(inner, f"{key}.")
            continue
        arguments = [a for a in typing.get_args(inner) if isinstance(a, type) and issubclass(a, BaseModel)]
        if arguments:
            rows += _options(arguments[0], _PREFIXES.get(typing.get_origin(inner), "{}.").format(key))
            continue
        default = "required" if field.is_required() else _default(field.default)
        rows.append(f"| `{key}` | {default} | {_cell(docs.get(name, ''))} |")
    return rows


def _default(value: Any) -> str:
    if value is None:
        return "–"
    if isinstance(value, dict):
        return ", ".join(f"`{k} = {json.dumps(v)}`" for k, v in value.items()) or "–"
    return f"`{json.dumps(value)}`"


def _attribute_docs(model: type[BaseModel]) -> dict[str, str]:
    """The text under each field, which Python itself does not keep."""
    import ast
    import inspect

    inherited = [base for base in model.__bases__ if issubclass(base, BaseModel) and base is not BaseModel]
    docs = {name: text for base in inherited for name, text in _attribute_docs(base).items()}
    body = ast.parse(inspect.getsource(model)).body[0]
    assert isinstance(body, ast.ClassDef)
    for field, text in zip(body.body, body.body[1:], strict=False):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            docs[field.target.id] = str(ast.literal_eval(text.value))
    return docs


def main() -> None:
    for name in PARTS:
        path = shipped(name)
        write_whole(path, rendered(name))
        sys.stdout.write(f"{path.name} written\n")


if __name__ == "__main__":
    main()
