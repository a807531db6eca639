"""Opens every file of a pack with a reader that did not write it; ends with 1 when one is missing, empty or broken."""

from __future__ import annotations

import hashlib
import json
import sys
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pyarrow.parquet as pq
from openpyxl import load_workbook
from pptx import Presentation


class Headings(HTMLParser):
    """Counts headings; a page without any is not a report."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.count += tag in ("h1", "h2")


def main(folder: Path) -> None:
    """Raises on the first thing that is wrong."""
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["status"] == "complete", manifest["notebooks"]
    for name, entry in manifest["files"].items():
        content = (folder / name).read_bytes()
        assert content and hashlib.sha256(content).hexdigest() == entry["sha256"], name
    period = manifest["period"]
    assert json.loads((folder / "results.json").read_text())["kpis"]
    assert len(load_workbook(folder / f"ses-governance-{period}.xlsx").sheetnames) >= 10
    assert len(Presentation(str(folder / f"ses-governance-{period}.pptx")).slides) >= 10
    page = Headings()
    page.feed((folder / f"ses-governance-{period}.html").read_text())
    assert page.count >= 10, page.count
    executed = sorted((folder / "notebooks").glob("*.ipynb"))
    assert len(executed) >= 5
    for path in executed:
        assert any(cell.get("outputs") for cell in nbformat.read(path, as_version=4).cells), path
    frames = sorted((folder / "data").glob("*.parquet"))
    assert sum(pq.read_table(path).num_rows for path in frames) > 1000
    sys.stdout.write(f"{folder}: {len(manifest['files'])} files, all open\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
