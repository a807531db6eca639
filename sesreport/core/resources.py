"""Where the notebooks, templates and reference data are, in a checkout and in an installed wheel."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def shipped(relative: str) -> Path:
    """The path of a shipped file or folder, such as ``data/demo`` or ``notebooks``."""
    checkout = PACKAGE.parent
    root = checkout if (checkout / "pyproject.toml").is_file() else PACKAGE / "_shipped"
    return root / relative
