"""Files that a setting names: beside the function, in S3, or behind https."""

from __future__ import annotations

import urllib.request
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from sesreport.aws.clients import own_client
from sesreport.core.errors import SesReportError

MAX_BYTES = 256 * 1024 * 1024
"""No register, list or snapshot file is larger; what is, is not read."""


class UnreadableError(SesReportError):
    """A file that a setting names cannot be read."""


def read_bytes(location: str) -> bytes:
    """The content of a path, ``s3://bucket/key`` or ``https://…``. Raises UnreadableError."""
    try:
        if location.startswith("s3://"):
            bucket, key = _in_s3(location)
            return _whole(own_client("s3").get_object(Bucket=bucket, Key=key)["Body"])
        if location.startswith("https://"):
            with urllib.request.urlopen(location, timeout=10) as answer:
                if not answer.url.startswith("https://"):
                    raise UnreadableError(f"{location}: leads to {answer.url}, which is not https")
                return _whole(answer)
        if "://" in location:
            raise UnreadableError(f"{location}: is neither a path nor s3:// nor https://")
        with Path(location).open("rb") as file:
            return _whole(file)
    except (OSError, ValueError, ClientError, BotoCoreError) as error:
        raise UnreadableError(f"{location}: cannot be read: {error}") from error


def folders(location: str) -> list[str]:
    """Names of the folders in a folder or under an ``s3://bucket/prefix``, sorted. Raises UnreadableError."""
    try:
        if location.startswith("s3://"):
            bucket, prefix = _in_s3(location.rstrip("/") + "/")
            pages = own_client("s3").get_paginator("list_objects_v2")
            found = [
                entry["Prefix"].removeprefix(prefix).rstrip("/")
                for page in pages.paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
                for entry in page.get("CommonPrefixes", [])
            ]
            return sorted(found)
        return sorted(path.name for path in Path(location).iterdir() if path.is_dir())
    except (OSError, ValueError, ClientError, BotoCoreError) as error:
        raise UnreadableError(f"{location}: cannot be listed: {error}") from error


def _whole(stream: Any) -> bytes:
    content = bytes(stream.read(MAX_BYTES + 1))
    if len(content) > MAX_BYTES:
        raise ValueError(f"larger than {MAX_BYTES // 2**20} MiB")
    return content


def _in_s3(location: str) -> tuple[str, str]:
    bucket, _, key = location.removeprefix("s3://").partition("/")
    return bucket, key
