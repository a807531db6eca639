"""Identities with status, tags and every policy: each page of the list, one GetEmailIdentity for each."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any, TypeGuard

from botocore.exceptions import ClientError

from sesreport.aws.statuses import status_of
from sesreport.collect.lane import Lane, StoppedError
from sesreport.collect.operation import Operation
from sesreport.collect.outage import is_unserved
from sesreport.collect.registry import collector
from sesreport.core.errors import SesReportError
from sesreport.core.schema import Row
from sesreport.snapshot.coverage import ERROR
from sesreport.snapshot.frames.identities import IDENTITIES, POLICIES

PAGE, BATCH = 1000, 100
"""Most identities a page of ListEmailIdentities, and a call of GetIdentityNotificationAttributes, may carry."""
UNSERVED = 10
"""Identities in a row, unanswered or throttled to the last attempt, after which the others are not asked for."""
LIST = Operation("sesv2", "list_email_identities", items="EmailIdentities")
GET = Operation("sesv2", "get_email_identity", must=("IdentityType", "Policies"))
TOPICS = Operation("ses", "get_identity_notification_attributes", must=("NotificationAttributes",))


def listed(lane: Lane, *, again: bool = False) -> dict[str, dict[str, Any]]:
    """The list's entries by name. botocore has no paginator for ListEmailIdentities: the token is followed by hand."""
    found: dict[str, dict[str, Any]] = {}
    pages = lane.pages(LIST, PageSize=PAGE, again=again)
    while True:
        try:
            entry = next(pages)
        except StopIteration:
            return found
        except (SesReportError, StoppedError):
            raise
        except Exception as error:
            if not found:
                raise
            for dataset in ("identities", "policies"):  # those of the pages before can be read
                lane.gap(dataset, error, "the list after its first pages")
            return found
        name = entry.get("IdentityName") if isinstance(entry, dict) else None
        if isinstance(name, str) and name:
            found[name] = entry
        else:
            for dataset in ("identities", "policies"):  # it may have had some
                lane.gap(dataset, (ERROR, "list_email_identities: an entry without a name"))


@collector(
    IDENTITIES,
    POLICIES,
    permissions=("ses:ListEmailIdentities", "ses:GetEmailIdentity", "ses:GetIdentityNotificationAttributes"),
    survey=lambda lane: len(listed(lane)),
)
def identities(lane: Lane) -> Iterator[tuple[str, Row]]:
    """The list, topics by the hundred, and one GetEmailIdentity for each that may have changed.

    What goes wrong with one identity costs that one alone: its row says no more than the list does, and coverage names
    it. One that is listed and not found is looked for in the list again.
    """
    entries = listed(lane)
    topics = _topics(lane, entries)
    missing: dict[str, tuple[Row, Exception]] = {}
    unserved = 0
    for name, entry in entries.items():
        row = {**_entry(lane, name, entry), **topics.get(name, {})}
        if lane.earlier and _unchanged(kept := lane.earlier.identities.get(name), row):
            yield "identities", {**kept, **row}
            yield from (("policies", policy) for policy in lane.earlier.policies[name])
            continue
        answered = False
        try:
            detail = lane.call(GET, EmailIdentity=name)
            answered = True
            read = list(_read(lane, row, detail))
        except (SesReportError, StoppedError):
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, the neighbors can be read
            if isinstance(error, ClientError) and error.response["Error"]["Code"] == "NotFoundException":
                missing[name] = row, error
                continue
            yield _unread(lane, row, error)
            unserved = 0 if answered or not is_unserved(error) else unserved + 1
            if unserved == UNSERVED:
                rest = list(entries)[list(entries).index(name) + 1 :]
                unasked = (ERROR, f"not asked for, after {UNSERVED} in a row were not served ({status_of(error)[1]})")
                yield from (_unread(lane, _entry(lane, other, entries[other]), unasked) for other in rest)
                break
        else:
            unserved = 0
            yield from read
    yield from _found_again(lane, missing)


def _entry(lane: Lane, name: str, entry: dict[str, Any]) -> Row:
    """What the list says of an identity."""
    return {
        "account_id": lane.account_id,
        "region": lane.region,
        "identity": name,
        "arn": f"arn:{lane.aws.caller.partition}:ses:{lane.region}:{lane.account_id}:identity/{name}",
        "identity_type": entry.get("IdentityType"),
        "verification_status": entry.get("VerificationStatus"),
        "sending_enabled": entry.get("SendingEnabled"),
    }


def _unchanged(kept: Row | None, listed: Row) -> TypeGuard[Row]:
    """Whether the list says of an identity what it said before."""
    return kept is not None and all(
        kept[name] == listed[name] for name in ("identity_type", "verification_status", "sending_enabled")
    )


def _read(lane: Lane, row: Row, detail: dict[str, Any]) -> Iterator[tuple[str, Row]]:
    """An identity and its policies. Raises TypeError or ValueError for an answer of another shape."""
    policies = detail["Policies"]
    for policy_name, document in policies.items():
        if not isinstance(document, str):
            raise TypeError(f"policy {policy_name!r} is {'null' if document is None else 'no text'}")
        yield (
            "policies",
            {
                "account_id": lane.account_id,
                "region": lane.region,
                "identity": row["identity"],
                "policy_name": policy_name,
                "document": document,
                "sha256": hashlib.sha256(document.encode("utf-8", "surrogatepass")).hexdigest(),
            },
        )
    if row["identity_type"] not in (None, detail["IdentityType"]):
        raise ValueError(f"the list says {row['identity_type']}, the answer is about a {detail['IdentityType']}")
    known = {name: value for name, value in _details(detail).items() if value is not None}
    found = {**row, **known, "policies": len(policies), "observed_at": lane.observed_at}
    if row["identity_type"] is None:
        lane.gap("identities", (ERROR, "list_email_identities: the entry has no IdentityType"), row["identity"])
        found["identity_type"] = detail.get("IdentityType")
    if fault := IDENTITIES.fault(found):
        raise ValueError(fault)
    yield "identities", found


def _unread(lane: Lane, row: Row, error: Exception | tuple[str, str]) -> tuple[str, Row]:
    """An identity of which no more is known than that it is there."""
    for dataset in ("identities", "policies"):
        lane.gap(dataset, error, row["identity"])
    return "identities", row if IDENTITIES.fault(row) is None else {
        name: row[name] for name in ("account_id", "region", "identity", "arn")
    }


def _found_again(lane: Lane, missing: dict[str, tuple[Row, Exception]]) -> Iterator[tuple[str, Row]]:
    """What is listed still was not read; what is not has vanished meanwhile. Lists of SES lag behind, both ways."""
    if not missing:
        return
    try:
        still = set(listed(lane, again=True))
    except (SesReportError, StoppedError):
        raise
    except Exception as error:  # noqa: BLE001 - then nobody knows whether they are there
        lane.gap("identities", error)
        still = set(missing)
    for name in missing.keys() & still:
        row, cause = missing[name]
        yield _unread(lane, row, (ERROR, f"listed twice, and not found: {status_of(cause)[1]}"))
    if gone := sorted(missing.keys() - still):
        lane.note("identities", f"vanished while collecting ({len(gone)}): {', '.join(gone)}")


def _details(detail: dict[str, Any]) -> Row:
    dkim, mail_from = detail.get("DkimAttributes") or {}, detail.get("MailFromAttributes") or {}
    tags = {tag["Key"]: tag["Value"] for tag in detail.get("Tags") or []}
    return {
        "verification_status": detail.get("VerificationStatus"),
        "dkim_status": dkim.get("Status"),
        "dkim_signing": dkim.get("SigningEnabled"),
        "dkim_tokens": dkim.get("Tokens"),
        "signing_attributes_origin": dkim.get("SigningAttributesOrigin"),
        "mail_from_domain": mail_from.get("MailFromDomain") or None,
        "mail_from_status": mail_from.get("MailFromDomainStatus"),
        "configuration_set": detail.get("ConfigurationSetName") or None,
        "feedback_forwarding": detail.get("FeedbackForwardingStatus"),
        "tags": json.dumps(tags, ensure_ascii=False, sort_keys=True),
    }


def _topics(lane: Lane, entries: dict[str, dict[str, Any]]) -> dict[str, Row]:
    """Notification topics by identity, a hundred identities a call."""
    found: dict[str, Row] = {}
    names = list(entries)
    for start in range(0, len(names), BATCH):
        batch = names[start : start + BATCH]
        try:
            answer = lane.call(TOPICS, Identities=batch)["NotificationAttributes"]
        except (SesReportError, StoppedError):
            raise
        except Exception as error:  # noqa: BLE001 - the identities are there all the same
            lane.gap("notification_topics", error)
            return found
        for name in batch:
            if name in answer:
                found[name] = {
                    f"{kind.lower()}_topic": answer[name].get(f"{kind}Topic") or None
                    for kind in ("Bounce", "Complaint", "Delivery")
                }
            elif entries[name].get("VerificationStatus") == "SUCCESS":
                lane.gap("notification_topics", (ERROR, f"{TOPICS.name}: not in the answer"), name)
    return found
