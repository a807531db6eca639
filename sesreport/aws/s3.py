"""Snapshots in S3."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from fsspec.implementations.arrow import ArrowFSWrapper
from pyarrow.fs import FileType, S3FileSystem

from sesreport.aws.clients import storage_options
from sesreport.snapshot.storage import file_system


@file_system("s3")
def open_s3(url: str) -> tuple[Any, str]:
    """S3 by Arrow, which is there anyway, with the environment's credentials (``AWS_PROFILE``), Region and endpoint.

    fsspec's usual S3 file system would tie botocore to an old version.
    """
    parts = urlsplit(url)
    storage = S3FileSystem(**storage_options())
    if storage.get_file_info(parts.netloc).type == FileType.NotFound:  # an empty folder looks the same
        raise ValueError(f"there is no bucket {parts.netloc}")
    return ArrowFSWrapper(storage), f"{parts.netloc}{parts.path}".rstrip("/")
