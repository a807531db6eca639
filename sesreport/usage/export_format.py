"""What a format of cost exports is, and which there are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sesreport.core.registry import Registry

USAGE, PURCHASE, TAX, CREDIT, ADJUSTMENT = "Usage", "Purchase", "Tax", "Credit", "Adjustment"
"""Charge categories of FOCUS."""
REFUND, DISCOUNT = "Refund", "Discount"
"""Two more, which a CUR tells apart from credits."""

NONE = "(none)"
"""Stands in a key for what a row does not have: taxes and fees have no usage type, some lines no Region."""
REQUIRED = ("period", "account", "service", "line_type", "currency", "billed")
"""Fields without which a row is no charge of a month, an account and a service."""


@dataclass(frozen=True)
class ExportFormat:
    """One format: how it is recognized, and which of its columns hold the fields of a charge."""

    name: str
    detail: int
    """The larger, the more it tells: of two exports of the same charges, the one with more is read."""
    recognizes: Callable[[frozenset[str]], bool]
    """Whether a file with columns of these names (as :func:`column_name` gives them; and ``/`` where they had one) has
    this format."""
    columns: Mapping[str, tuple[str, ...]]
    """Names of columns by field; the first that a file has is used, of ``service`` all of them."""
    category: Callable[[str, str], str | None]
    """The charge category of a line type and a bill type; None for a type that is not known."""


FORMATS: Registry[ExportFormat] = Registry("cost export format")


def register_format(export_format: ExportFormat, module: str) -> ExportFormat:
    """Registers a format of a module."""
    FORMATS.add(export_format.name, export_format, module)
    return export_format


@lru_cache(4096)
def column_name(name: str) -> str:
    """A column's name as formats list it, such as ``line_item_usage_type`` for ``lineItem/UsageType``."""
    if "/" in name:
        name = re.sub("(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("/", "_")
    return name.strip().lower()


def format_of(names: Iterable[str]) -> ExportFormat | None:
    """The format of a file with these columns; None for none that is known."""
    names = list(names)
    columns = frozenset(map(column_name, names)) | ({"/"} if any("/" in name for name in names) else set())
    return next((each for each in FORMATS.values() if each.recognizes(columns)), None)
