"""A bucket: each file an object, encrypted, with the content type a browser needs."""

from __future__ import annotations

import base64
from pathlib import PurePosixPath
from typing import Annotated, Any

from botocore.exceptions import ClientError
from pydantic import Field

from sesreport.report.delivery.access import AwsSettings, told
from sesreport.report.delivery.parcel import Parcel
from sesreport.report.delivery.registry import Destination, destination
from sesreport.report.manifest import MANIFEST
from sesreport.settings.config import AccountId

ATTEMPTS = 5
CONTENT_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".ipynb": "application/x-ipynb+json",
    ".json": "application/json",
    ".parquet": "application/vnd.apache.parquet",
    ".pptx": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""As registered with IANA; ``x-ipynb+json`` is Jupyter's own."""


class S3Settings(AwsSettings):
    """``[[delivery.s3]]``."""

    url: Annotated[str, Field(pattern=r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[\w!.*'()/-]*)?$")]
    """``s3://bucket/prefix``; the pack becomes ``<url>/<period>/``."""
    kms_key: str = ""
    """ARN of the KMS key to encrypt with; empty means keys of S3 itself (SSE-S3)."""
    bucket_owner: AccountId | None = None
    """Account that must own the bucket; a bucket of that name in another account is refused."""

    @property
    def bucket(self) -> str:
        return self.url.split("/")[2]

    def key(self, *names: str) -> str:
        return "/".join([*filter(None, self.url.split("/")[3:]), *names])

    @property
    def owner(self) -> dict[str, str]:
        return {"ExpectedBucketOwner": self.bucket_owner} if self.bucket_owner else {}


def _permissions(settings: S3Settings) -> list[dict[str, Any]]:
    bucket = f"arn:aws:s3:::{settings.bucket}"
    statements = [
        {"Sid": "SeePackBucket", "Action": ["s3:ListBucket"], "Resource": bucket},
        # GetObject is what HeadObject needs: what is there already is not written again.
        {"Sid": "PutPacks", "Action": ["s3:GetObject", "s3:PutObject"], "Resource": f"{bucket}/{settings.key('*')}"},
    ]
    if settings.kms_key:
        actions = ["kms:Decrypt", "kms:GenerateDataKey"]
        statements.append({"Sid": "EncryptPacks", "Action": actions, "Resource": settings.kms_key})
    return statements


@destination(S3Settings, permissions=_permissions)
def s3(settings: S3Settings, profile: str | None) -> Destination:
    """Puts each file whose content is not there yet, the manifest last; removes nothing."""
    advice = f"look at the bucket {settings.bucket} and at the policy 'sesreport permissions --delivery' prints"

    def check() -> None:
        with told(advice):
            settings.client("s3", profile, attempts=ATTEMPTS).head_bucket(Bucket=settings.bucket, **settings.owner)

    def deliver(parcel: Parcel) -> str:
        put = 0
        with told(advice):
            client = settings.client("s3", profile, attempts=ATTEMPTS)
            for name, sha256 in sorted(parcel.files.items(), key=lambda file: file[0] == MANIFEST):
                key = settings.key(parcel.period, name)
                if not _is_there(client, settings, key, sha256):
                    _put(client, settings, parcel, name, key)
                    put += 1
        return f"{put} of {len(parcel.files)} files put, the others were there" if put else "is there already"

    return Destination(
        settings.url, check, deliver, lambda period: f"s3://{settings.bucket}/{settings.key(period)}/"
    )  # fmt: skip


def _is_there(client: Any, settings: S3Settings, key: str, sha256: str) -> bool:
    try:
        found = client.head_object(Bucket=settings.bucket, Key=key, **settings.owner)
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] == 404:
            return False
        raise
    return bool(found["Metadata"].get("sha256") == sha256)


def _put(client: Any, settings: S3Settings, parcel: Parcel, name: str, key: str) -> None:
    sha256 = parcel.files[name]
    encryption = {"ServerSideEncryption": "AES256"}
    if settings.kms_key:
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": settings.kms_key}
    with (parcel.folder / name).open("rb") as body:
        client.put_object(
            Bucket=settings.bucket,
            Key=key,
            Body=body,
            ContentType=CONTENT_TYPES.get(PurePosixPath(name).suffix, "application/octet-stream"),
            ChecksumSHA256=base64.b64encode(bytes.fromhex(sha256)).decode(),  # S3 refuses what arrives changed
            Metadata={"sha256": sha256},
            **encryption,
            **settings.owner,
        )
