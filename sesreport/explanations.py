"""Who can send as one identity, in words: from a snapshot, or from a policy file without one."""

from __future__ import annotations

import difflib
from datetime import date
from pathlib import Path

from sesreport.analysis import analyze
from sesreport.config import Config
from sesreport.errors import ConfigError
from sesreport.policy import Explanation, explain, explain_policies
from sesreport.register import read_register
from sesreport.storage import snapshots_folder
from sesreport.store import load, snapshots


def of_identity(identity: str, config: Config, *, snapshot: Path | None = None) -> list[Explanation]:
    """Explanations of every identity of that name or ARN in a snapshot (the newest), one per account and Region.

    Raises ConfigError when there is no such identity, or its policies could not be read.
    """
    folder = snapshots_folder(config)
    found = snapshots(folder)
    if snapshot is None and not found:
        raise ConfigError(f"no snapshot in {folder}; collect one, or explain a file with --policy")
    analysis = analyze(load(snapshot or found[-1]), config)
    identities = analysis.identities
    chosen = identities[(identities["identity"] == identity) | (identities["arn"] == identity)]
    if chosen.empty:
        near = difflib.get_close_matches(identity, list(identities["identity"]), n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise ConfigError(f"no identity {identity!r} in snapshot {analysis.snapshot.id}{hint}")
    places = list(zip(chosen["account_id"], chosen["region"], chosen["identity"], strict=True))
    read = [analysis.verdicts[place] for place in places if place in analysis.verdicts]
    if not read:
        raise ConfigError(f"the policies of {identity!r} could not be read; see coverage of {analysis.snapshot.id}")
    return [explain(verdict.exposure) for verdict in read]


def of_policy(policy: Path, identity_arn: str, config: Config, *, today: date) -> Explanation:
    """The explanation of one policy file for an identity; the register counts, no organization is known.

    Raises ConfigError for an unreadable file or an ARN that is not an identity's.
    """
    approved = read_register(Path(config.paths.register_file), today=today)
    approved = approved[approved["status"] != "expired"]
    register = dict(zip(approved["account_id"], approved["name"], strict=True))
    try:
        text = policy.read_text(encoding="utf-8")
        return explain_policies(identity_arn, {policy.stem: text}, register=register, today=today)
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{policy}: cannot be read: {error}") from error
    except ValueError as error:
        raise ConfigError(f"--identity: {error}") from error
