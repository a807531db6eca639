"""Which files of cost exports belong together: those a manifest names, or else those of one folder.

AWS writes the manifest last and names in it the files that count (Data Exports User Guide, "Data Exports manifest file
reference": ``dataFiles``; Cost and Usage Reports: ``reportKeys``). What lies beside them is left from before: an export
that keeps old deliveries has every line twice, one that overwrites them keeps surplus chunks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sesreport.core.text import one_line
from sesreport.usage.export_files import ExportFile, Gap, line_of

_LARGEST_MANIFEST = 64 * 2**20
MONTH = r"(?P<year>[12][0-9]{3})-?(?P<month>0[1-9]|1[0-2])"
_FOLDER = re.compile(rf"(?:billing_period=\W?|(?=[0-9]{{8}}-[0-9]{{8}}$)){MONTH}.*", re.IGNORECASE)
_YEAR, _YEAR_MONTH = re.compile("year=([12][0-9]{3})", re.IGNORECASE), re.compile("month=([0-9]{1,2})", re.IGNORECASE)
_WRITTEN = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)T(\d\d):?(\d\d):?(\d\d)")
_CHUNK = re.compile(r"(?P<stem>.*-)(?P<number>0[0-9]{4})(?P<rest>\.[^/]*)")

Place = tuple[str, tuple[str, ...], str | None]
"""A billing period of an export: the scheme of its URL, its folder, and the period where paths tell it."""


@dataclass(frozen=True)
class Delivery:
    """Files that were written together and count together."""

    export: str
    folder: str
    """Where they are, as messages show it."""
    files: tuple[ExportFile, ...]
    issued_at: datetime | None
    """When the manifest was written, or the newest of the files."""
    period: str | None = None
    """The billing period of its folder or manifest; None where only the rows tell it."""
    named: bool = False
    """Whether a manifest names the files."""


def deliveries(files: Sequence[ExportFile]) -> tuple[list[Delivery], list[Gap]]:
    """The files as deliveries, and what keeps some of them from being one."""
    hidden = [file for file in files if file.is_folder]
    files = [file for file in files if not file.is_folder]
    manifests = [file for file in files if file.name.lower().endswith("manifest.json")]
    made, gaps, closed = _by_manifest(manifests, files)
    counted = {*manifests, *(file for delivery in made for file in delivery.files)}
    rest = [file for file in files if file not in counted and not file.beside and not _is_closed(file, closed)]
    by_folder, more = _by_folder(rest)
    whole = [one for one in (*made, *by_folder) if not any(_may_change(folder, one) for folder in hidden)]
    return whole, [*gaps, *more, *map(_of_hidden, hidden)]


# --- periods in paths


def _placed(parts: Sequence[str]) -> tuple[tuple[str, ...], str | None]:
    """The folder of an export that a path leads into, and the billing period of the path."""
    for number, part in enumerate(parts[:-1]):
        period = None
        if found := _FOLDER.fullmatch(part):
            period = f"{found['year']}-{found['month']}"
        elif (year_part := _YEAR.fullmatch(part)) and (month_part := _YEAR_MONTH.fullmatch(parts[number + 1])):
            period = f"{year_part[1]}-{int(month_part[1]):02d}"
        if period:
            root = parts[:number]
            return tuple(root[:-1] if root and root[-1] in ("data", "metadata") else root), period
    return tuple(parts[:-1]), None


# --- manifests


def _by_manifest(
    manifests: Sequence[ExportFile], files: Sequence[ExportFile]
) -> tuple[list[Delivery], list[Gap], set[Place]]:
    """Deliveries of manifests, gaps, and the places of which manifests alone name the files that count."""
    there = {(file.scheme, file.path): file for file in files if not file.problem}
    grouped: dict[Place, list[ExportFile]] = {}
    closed = set()
    for manifest in manifests:
        root, period = _placed(manifest.parts)
        closed.add((manifest.scheme, root, period))
        grouped.setdefault((manifest.scheme, root, period or _told_period(manifest)), []).append(manifest)
    present = {(file.scheme, *_placed(file.parts)) for file in files if not file.beside}
    made, gaps = [], []
    for (scheme, root, period), group in grouped.items():
        if group[0].beside and (scheme, root, period) not in present:
            continue  # a month that is not configured
        manifest = next((one for one in group if one.problem), None) or _newest(group)
        try:
            made.append(_named_by(manifest, period, there))
        except ManifestError as error:
            gaps.append(Gap(manifest.export, str(error), period, manifest.path))
    return made, gaps, closed


class ManifestError(Exception):
    """A manifest whose files cannot be told; the message is for the reader."""


def _newest(manifests: Sequence[ExportFile]) -> ExportFile:
    """The manifest that was written last.

    AWS keeps a copy of the newest one above those of the deliveries, and writes it within minutes: within an hour the
    one nearest to the export's folder is taken.
    """
    nearest = min(len(manifest.parts) for manifest in manifests)

    def place(manifest: ExportFile) -> tuple[datetime, str]:
        ahead = timedelta(hours=len(manifest.parts) == nearest)
        return (_issued(manifest) or datetime.min.replace(tzinfo=UTC)) + ahead, manifest.path

    return max(manifests, key=place)


def _issued(manifest: ExportFile) -> datetime | None:
    """When a manifest was written: as its folder's name says, else as the storage does."""
    for part in manifest.parts[-2:-1]:
        if found := _WRITTEN.search(part):
            try:
                return datetime(*(int(number) for number in found.groups()), tzinfo=UTC)  # type: ignore[misc, arg-type]
            except ValueError:
                break
    return manifest.modified


def _content(manifest: ExportFile) -> dict[str, Any]:
    """Raises ManifestError for what is no JSON object."""
    try:
        if manifest.size > _LARGEST_MANIFEST:
            raise ManifestError(
                f"the manifest {one_line(manifest.name)} is too large to be one; export the month again"
            )
        with manifest.open() as opened:
            content = json.loads(opened.read().decode("utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise ManifestError(
            f"the manifest {one_line(manifest.name)} cannot be read ({line_of(error)}), so nothing of its month is "
            "counted; copy or export the month again"
        ) from error
    if not isinstance(content, dict):
        raise ManifestError(
            f"the manifest {one_line(manifest.name)} is no JSON object, so nothing of its month is counted; copy or "
            "export the month again"
        )
    return content


def _told_period(manifest: ExportFile) -> str | None:
    """The billing period that a manifest states, where its path does not; None for none."""
    try:
        content = _content(manifest)
    except ManifestError:
        return None
    stated = content.get("billingPeriod")
    start = stated.get("start") if isinstance(stated, dict) else stated
    if isinstance(start, str) and (found := re.match(MONTH, start)):
        return f"{found['year']}-{found['month']}"
    periods = {_placed(key.split("/"))[1] for key in _keys(content)}
    return periods.pop() if len(periods) == 1 else None


def _keys(content: dict[str, Any]) -> list[str]:
    """The names of the data files: full URIs in Data Exports, keys of the bucket in legacy reports."""
    for name in ("dataFiles", "reportKeys"):
        listed = content.get(name)
        if isinstance(listed, list) and all(isinstance(key, str) for key in listed):
            return [re.sub("^[a-z0-9]+://", "", key).lstrip("/") for key in listed]
    return []


def _named_by(manifest: ExportFile, period: str | None, there: dict[tuple[str, str], ExportFile]) -> Delivery:
    """Raises ManifestError where the manifest names no file, or one that is not there."""
    keys = list(dict.fromkeys(_keys(_content(manifest))))
    if not keys:
        raise ManifestError(
            f"the manifest {one_line(manifest.name)} names no data file (neither dataFiles nor reportKeys), so nothing "
            "of its month is counted; export the month again"
        )
    files = [_resolved(key, manifest, there) for key in keys]
    missing = [key for key, file in zip(keys, files, strict=True) if file is None]
    if missing:
        raise ManifestError(
            f"{len(missing)} of {len(keys)} files that the manifest {one_line(manifest.name)} names are not there, "
            f"such as {one_line(missing[0])}, so nothing of its month is counted; copy the whole export"
        )
    whole = tuple(dict.fromkeys(file for file in files if file is not None))
    return Delivery(manifest.export, str(Path(whole[0].path).parent), whole, _issued(manifest), period, named=True)


def _resolved(key: str, manifest: ExportFile, there: dict[tuple[str, str], ExportFile]) -> ExportFile | None:
    """The listed file of a key: the export may have been copied, with or without the folders above it.

    The longest end of the key that exists below a folder above the manifest; the bare name only beside the manifest.
    """
    parts = key.split("/")
    for first in range(len(parts)):
        tail = parts[first:]
        above = range(len(manifest.parts) - 1, -1, -1) if len(tail) > 1 else [len(manifest.parts) - 1]
        for depth in above:
            candidate = (*manifest.parts[:depth], *tail)
            path = "/".join(candidate) if manifest.scheme else str(Path(*candidate))
            if file := there.get((manifest.scheme, path)):
                return file
    return None


# --- folders


def _may_change(hidden: ExportFile, delivery: Delivery) -> bool:
    """Whether a folder that cannot be read is of the month of a delivery, or may hold the manifest that it lacks."""
    root, period = _placed((*hidden.parts, ""))
    if hidden.scheme != delivery.files[0].scheme:
        return False
    own_root, own_period = _placed(delivery.files[0].parts)
    if hidden.name == "metadata":
        return not delivery.named and own_root == hidden.parts[:-1]
    return period is not None and (own_root, delivery.period or own_period) == (root, period)


def _of_hidden(folder: ExportFile) -> Gap:
    _, period = _placed((*folder.parts, ""))
    lost = f"nothing of {period}" if period else "nothing in it"
    if folder.name == "metadata":
        lost = "nothing of which it may hold the manifest"
    problem = (
        f"the folder {one_line(folder.name)} cannot be read ({folder.problem}), so {lost} is counted; copy it again or "
        "let it be read"
    )
    return Gap(folder.export, problem, period, folder.path)


def _is_closed(file: ExportFile, closed: set[Place]) -> bool:
    """Whether a manifest, be it one that cannot be read, says what counts at the place of a file.

    Legacy reports in Parquet are one folder of the report's name further down.
    """
    root, period = _placed(file.parts)
    return (file.scheme, root, period) in closed or (
        root[-1:] == root[-2:-1] and (file.scheme, root[:-1], period) in closed
    )


def _by_folder(files: Iterable[ExportFile]) -> tuple[list[Delivery], list[Gap]]:
    """Files without a manifest: those of one folder and kind are taken for one delivery."""
    grouped: dict[tuple[str, tuple[str, ...], bool], list[ExportFile]] = {}
    for file in files:
        grouped.setdefault((file.scheme, file.parts[:-1], file.name.lower().endswith(".parquet")), []).append(file)
    made, gaps = [], []
    for (_, folder, _), group in grouped.items():
        _, period = _placed(group[0].parts)
        where = str(Path(*folder))
        if lacking := _lacking([file.name for file in group]):
            gaps.append(
                Gap(
                    group[0].export,
                    f"chunk {lacking} is missing among {len(group)} files without a manifest, so none of them is "
                    "counted; copy the whole folder",
                    period,
                    where,
                )
            )
            continue
        known = [file.modified for file in group if file.modified]
        made.append(Delivery(group[0].export, where, tuple(group), max(known, default=None), period))
    return made, gaps


def _lacking(names: Sequence[str]) -> str:
    """The first number that AWS's numbering of chunks (``-00001.``) lacks; empty where it lacks none."""
    numbered: dict[tuple[str, str], set[int]] = {}
    for name in names:
        if found := _CHUNK.fullmatch(name):
            numbered.setdefault((found["stem"], found["rest"]), set()).add(int(found["number"]))
    for numbers in numbered.values():
        first = min(1, *numbers)
        missing = set(range(first, max(numbers) + 1)) - numbers
        if missing:
            return f"{min(missing):05d}"
    return ""
