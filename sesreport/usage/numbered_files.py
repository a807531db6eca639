"""Files of any storage under plain addresses, for DuckDB."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import fsspec

from sesreport.usage.export_files import ExportFile


class NumberedFiles(fsspec.AbstractFileSystem):  # type: ignore[misc]
    """Files of any fsspec storage under addresses in which DuckDB sees no pattern and no URL of its own."""

    protocol = "costexport"
    cachable = False

    def __init__(self) -> None:
        super().__init__()
        self._files: list[ExportFile] = []

    def add(self, file: ExportFile) -> str:
        """The address of a file."""
        self._files.append(file)
        return f"{self.protocol}://{len(self._files) - 1}"

    def _file(self, path: str) -> ExportFile:
        return self._files[int(self._strip_protocol(path).rsplit("/", 1)[-1])]

    def glob(self, path: str, **_: Any) -> list[str]:
        return [path]

    def exists(self, path: str, **_: Any) -> bool:
        return True

    def info(self, path: str, **_: Any) -> dict[str, Any]:
        return {"name": path, "type": "file", "size": self._file(path).size}

    def modified(self, path: str) -> datetime:
        return self._file(path).modified or datetime.fromtimestamp(0, UTC)

    def _open(self, path: str, mode: str = "rb", **_: Any) -> Any:
        return self._file(path).open()
