"""What was known of the organization when the functions were packed: a file beside their code.

``sesreport templates --watch`` writes it from the register, the settings and the newest snapshot. It holds the parts of
them that say who may send, checked when they were packed, so that the functions need nothing but the standard library
to read it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from sesreport.core.errors import SesReportError
from sesreport.policy import Organization
from sesreport.policy.fixes import Members
from sesreport.settings.plain_approvals import PlainApproval

PACKED = "sesreport-watch.json"
FORMAT = "sesreport-watch/1"


class PackedError(SesReportError):
    """The file of packed settings is not what was written."""


@dataclass(frozen=True)
class Packed:
    """Who may send, as it was known when the functions were packed."""

    organization: Organization
    members: Members = field(default_factory=Members)
    approvals: tuple[PlainApproval, ...] | None = None
    """None where there was no register."""
    snapshot: str = ""
    """The snapshot that names the organization; empty where the settings do."""

    def text(self) -> str:
        """The file's content; the same for the same facts."""
        ours, members = self.organization, self.members
        said = {
            "format": FORMAT,
            "snapshot": self.snapshot,
            "organization": {"id": ours.id, "management_account": ours.management_account,
                             "accounts": sorted(ours.accounts)},
            "members": {"inactive": sorted(members.inactive), "trying": sorted(members.trying),
                        "production": sorted(members.production)},
            "register": None if self.approvals is None else [_written(one) for one in self.approvals],
        }  # fmt: skip
        return json.dumps(said, indent=1, sort_keys=True) + "\n"


def beside_the_code() -> Path:
    """Where the file is: beside the package, wherever the function was started."""
    return Path(__file__).parents[3] / PACKED


def read_packed(path: Path) -> Packed | None:
    """The packed settings; None where none were packed. Raises PackedError for a file that is not whole."""
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if said["format"] != FORMAT:
            raise PackedError(
                f"{path.name}: is of format {said['format']!r:.40}, not {FORMAT}; pack the functions again"
            )
        ours, members, register = said["organization"], said["members"], said["register"]
        return Packed(
            Organization(ours["id"], ours["accounts"], ours["management_account"]),
            Members(**{name: frozenset(accounts) for name, accounts in members.items()}),
            None if register is None else tuple(map(_approval, register)),
            said["snapshot"],
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise PackedError(f"{path.name}: cannot be read ({error!r:.200}); pack the functions again") from error


def _written(one: PlainApproval) -> dict[str, Any]:
    return {
        "account_id": one.account_id,
        "name": one.name,
        "identities": list(one.identities),
        "from_patterns": list(one.from_patterns),
        "approved_at": one.approved_at and one.approved_at.isoformat(),
        "expires_at": one.expires_at and one.expires_at.isoformat(),
        "key": one.key,
    }


def _approval(said: Mapping[str, Any]) -> PlainApproval:
    return PlainApproval(
        said["account_id"], said["name"], tuple(said["identities"]), tuple(said["from_patterns"]),
        _day(said["approved_at"]), _day(said["expires_at"]), said["key"],
    )  # fmt: skip


def _day(value: str | None) -> date | None:
    return None if value is None else date.fromisoformat(value)
