"""What makes two findings the same one: rule, place and principal, however the policy is written or named."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable
from functools import lru_cache

import pandas as pd

from sesreport.analysis.joins import rows

FINGERPRINTED = ("rule", "account_id", "region", "identity", "grantee")
_ROOT = re.compile(r"(?P<before>^|, |everybody but )arn:aws[a-z-]*:iam::(?P<account>[0-9]{12}):root(?=, |$)")


@lru_cache(1 << 18)
def fingerprint(place: tuple[str | None, ...]) -> str:
    """128 bits of SHA-256 over the values of :data:`FINGERPRINTED`, in hexadecimal; None is a value of its own.

    The policy's name, the statement's place in it and the layout of its text are not in it. An account's number and
    the ARN of its root are the same principal (IAM User Guide, "AWS JSON policy elements: Principal"). Values are
    written as JSON, so that no hostile name can run into its neighbor.
    """
    *where, grantee = place
    text = json.dumps([*where, None if grantee is None else canonical(grantee)], ensure_ascii=True)
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:32]


def canonical(grantee: str) -> str:
    """One text for all that name the same principals."""
    return _ROOT.sub(r"\g<before>\g<account>", grantee)


def fingerprints(found: pd.DataFrame) -> list[str]:
    """The fingerprint of each row of a frame with the columns :data:`FINGERPRINTED`."""
    return [fingerprint(place) for place in rows(found, FINGERPRINTED)]


def list_principals(principals: Iterable[str]) -> str:
    """Several principals as one text: sorted, each once, so that their order in the policy does not matter."""
    by_canonical = {canonical(value): value for value in sorted(principals)}
    return ", ".join(_plain(by_canonical[name]) for name in sorted(by_canonical))


def _plain(value: str) -> str:
    """A principal as written; as JSON where it could be taken for two."""
    return json.dumps(value) if ", " in value or value.startswith('"') else value
