"""Where the files are that the project ships beside its code: notebooks, templates, reference data."""

from __future__ import annotations

from pathlib import Path


def shipped(relative: str) -> Path:
    """The path of a shipped file or folder, such as ``templates/report``.

    In a checkout (``pyproject.toml`` beside the package folder) these are top-level folders; a wheel carries them
    inside the package, under ``_shipped``.
    """
    package = Path(__file__).resolve().parent
    checkout = package.parent
    root = checkout if (checkout / "pyproject.toml").is_file() else package / "_shipped"
    return root / relative
