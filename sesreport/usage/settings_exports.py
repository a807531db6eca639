"""The cost exports that the settings name, read when first asked for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from sesreport.usage.export_files import list_exports

if TYPE_CHECKING:
    from sesreport.usage.cost_exports import CostExports


@dataclass(frozen=True)
class SettingsExports:
    """One reading serves all analyses of a history: they are of the same exports, restated months included."""

    exports: tuple[str, ...] = ()

    @cached_property
    def read(self) -> CostExports:
        """What they hold. Raises ConfigError for a path that is not there."""
        # Not above: DuckDB and fsspec take a fifth of a second to import, and whoever only opens a pack needs neither.
        from sesreport.usage.cost_exports import read_cost_exports

        return read_cost_exports(self.exports)

    @cached_property
    def sha256(self) -> str:
        """Hash of the files' paths, sizes and times of writing: what a cache compares. Raises ConfigError."""
        files, gaps = list_exports(self.exports, None)
        told = sorted((file.scheme, file.path, file.size, str(file.modified)) for file in files)
        return hashlib.sha256(json.dumps([told, [gap.problem for gap in gaps]]).encode()).hexdigest()
