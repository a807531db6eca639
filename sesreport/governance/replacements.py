"""New texts for policies, as somebody imagines them: checked as far as SES would check them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from sesreport.analysis import Analysis
from sesreport.analysis.joins import rows
from sesreport.analysis.judged import judged
from sesreport.core.errors import ConfigError, suggestion
from sesreport.core.vocabulary import IDENTITY, IdentityKey
from sesreport.governance.revocations import near, policy_words
from sesreport.policy import read_policy
from sesreport.policy.narrowing import LONGEST
from sesreport.snapshot.imagined import PolicyKey

Texts = Mapping[IdentityKey, Mapping[str, str]]
NAME = re.compile("[A-Za-z0-9_-]{1,64}")
"""A policy's name (Amazon SES API, PutIdentityPolicy)."""
MOST = 20
"""Policies of an identity (Amazon SES Developer Guide, "Amazon SES quotas")."""


def replacements(
    analysis: Analysis, wanted: Mapping[str, Mapping[str, str | None]] | None, texts: Texts
) -> dict[PolicyKey, str | None]:
    """New texts by policy. Raises ConfigError for what is not there, and for what SES would not take."""
    out: dict[PolicyKey, str | None] = {}
    if wanted is not None and not isinstance(wanted, Mapping):
        raise ConfigError(f"what_if: replace is {type(wanted).__name__}; give new texts by identity and policy name")
    for name, policies in (wanted or {}).items():
        place = _identity(analysis, name)
        if not isinstance(policies, Mapping):
            raise ConfigError(f"what_if: replace has no policies by name for {name!r}")
        for policy, text in policies.items():
            _check(name, policy, text, texts.get(place, {}))
            if (*place, policy) in out:
                raise ConfigError(f"what_if: the policy {policy!r} of {name} is replaced twice; give one text")
            out[*place, policy] = text
    _check_numbers(out, texts)
    return out


def unreadable(replaced: Mapping[PolicyKey, str | None]) -> Iterator[str]:
    """What of the new texts cannot be read as IAM reads it, and so counts as risk."""
    for key, text in replaced.items():
        if text is not None and (errors := read_policy(text, key[3]).errors):
            yield f"{policy_words(key)} cannot be read in full ({errors[0].message}); that counts as risk."


def _check(identity: str, policy: Any, text: Any, known: Mapping[str, str]) -> None:
    """Raises ConfigError for a policy to delete that is not there, and for one that SES would not take."""
    if text is None:
        if policy not in known:
            raise ConfigError(
                f"what_if: {identity} has no policy {policy!r} to delete{suggestion(str(policy), list(known))}"
            )
        return
    where = f"the policy {policy!r:.40} of {identity}"
    if not isinstance(text, str):
        raise ConfigError(f"what_if: {where} is {type(text).__name__}, not a text or None")
    if policy not in known and not (isinstance(policy, str) and NAME.fullmatch(policy)):
        raise ConfigError(
            f"what_if: {policy!r:.40} is no name of a policy: SES takes up to 64 letters, digits, '-' and '_'"
        )
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise ConfigError(f"what_if: {where} is no Unicode text") from error
    if size > LONGEST:
        raise ConfigError(f"what_if: {where} has {size:,} bytes; SES takes {LONGEST:,}")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(f"what_if: {where} is not JSON ({error}), and SES would not take it") from error
    if not isinstance(document, dict):
        raise ConfigError(f"what_if: {where} is no JSON object, and SES would not take it")


def _check_numbers(replaced: Mapping[PolicyKey, str | None], texts: Texts) -> None:
    for place in {key[:3] for key in replaced}:
        here = set(texts.get(place, {})) | {key[3] for key, text in replaced.items() if key[:3] == place and text}
        many = len(here - {key[3] for key, text in replaced.items() if key[:3] == place and text is None})
        if many > MOST:
            raise ConfigError(f"what_if: {place[2]} would have {many} policies; SES takes {MOST}")


def _identity(analysis: Analysis, name: str) -> IdentityKey:
    """The identity of a name or ARN. Raises ConfigError where there is none, or several."""
    if not isinstance(name, str):
        raise ConfigError(f"what_if: replace has {name!r} for an identity; write its name or its ARN")
    frame = analysis.identities
    found = frame[frame["identity"].eq(name) | frame["arn"].eq(name)]
    if found.empty:
        named = {*frame["arn"].dropna()} if name.casefold().startswith("arn:") else {*frame["identity"]}
        raise ConfigError(f"what_if: no identity {name!r} in snapshot {analysis.snapshot.id}{near(name, named)}")
    if len(found) > 1:
        raise ConfigError(
            f"what_if: {name!r} is {len(found)} identities; name one by its ARN: {', '.join(found['arn'])}"
        )
    place: IdentityKey = next(iter(rows(found, IDENTITY)))
    if place not in judged(analysis).by_identity:
        raise ConfigError(f"what_if: the policies of {name} could not be read, so nobody can tell what would change")
    return place
