"""DKIM tokens and origin: kept from GetEmailIdentity, carried on, and not known in older snapshots."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
from double import READ, named
from test_collect_faults import Read, read  # noqa: F401 (a fixture)

from sesreport.collect.earlier import earlier_places
from sesreport.snapshot.frames.identities import IDENTITIES
from sesreport.snapshot.store import Snapshot

COLUMNS = ["dkim_tokens", "signing_attributes_origin"]
ONE = {"identities": (200, {"EmailIdentities": [named("a.example.com")]})}
DKIM = {"Status": "SUCCESS", "Tokens": ["t1", "t2", "t3"], "SigningAttributesOrigin": "AWS_SES_EU_WEST_1"}


def test_tokens_and_origin_are_kept(read: Read) -> None:  # noqa: F811
    frame = read(**ONE, identity=(200, {**READ, "DkimAttributes": DKIM})).identities
    assert list(frame["dkim_tokens"][0]) == ["t1", "t2", "t3"]
    assert frame["signing_attributes_origin"].tolist() == ["AWS_SES_EU_WEST_1"]


def test_what_is_not_given_is_not_known(read: Read) -> None:  # noqa: F811
    assert read(**ONE, identity=(200, {**READ, "DkimAttributes": {}})).identities[COLUMNS].isna().all(axis=None)


def test_an_identity_that_is_not_read_again_keeps_its_tokens(read: Read) -> None:  # noqa: F811
    snapshot = read(**ONE, identity=(200, {**READ, "DkimAttributes": DKIM}))
    (place,) = earlier_places(snapshot, oldest=snapshot.started_at - timedelta(days=1)).values()
    assert [IDENTITIES.fault(row) for row in place.identities.values()] == [None]
    kept = IDENTITIES.from_rows(place.identities.values())
    assert list(kept["dkim_tokens"][0]) == ["t1", "t2", "t3"]


def test_an_older_snapshot_has_neither(tmp_path: Path) -> None:
    table = IDENTITIES.to_arrow(IDENTITIES.from_rows(IDENTITIES.samples)).drop_columns(COLUMNS)
    pq.write_table(table, tmp_path / "identities.parquet")
    frame = Snapshot.frame_of(tmp_path, IDENTITIES)
    assert len(frame) == 3 and frame[COLUMNS].isna().all(axis=None)
