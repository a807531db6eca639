"""Policies as they stood at one time, and what they add up to: those of a snapshot, or of a moment after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import pandas as pd

from sesreport.analysis.exposures import EXPOSURES, exposures
from sesreport.analysis.grants import GRANTS, grants
from sesreport.analysis.judged_identities import JudgedIdentity, identity_policies, judge, trusted_accounts
from sesreport.analysis.registry import Analysis, derived
from sesreport.analysis.remembered import remembered_frame
from sesreport.core.vocabulary import IdentityKey


@dataclass(frozen=True)
class Judged:
    """All that a rule about policies may look at."""

    by_identity: Mapping[IdentityKey, JudgedIdentity]
    identities: pd.DataFrame
    """In the shape of the frame ``identities``; also those whose policies were not read."""
    accounts: pd.DataFrame
    register: pd.DataFrame
    """With the standing of each approval at the time."""
    today: date

    @cached_property
    def grants(self) -> pd.DataFrame:
        """The frame ``grants``."""
        return GRANTS.conform(grants(self.by_identity, self.accounts, self.register))

    @cached_property
    def sending(self) -> pd.DataFrame:
        """Those of Allow statements through which somebody really can send."""
        grants = self.grants
        return grants[(grants["effect"] == "Allow") & grants["can_send"] & (grants["scope"] != "none")]

    @cached_property
    def exposures(self) -> pd.DataFrame:
        """The frame ``exposures``."""
        return EXPOSURES.conform(exposures(self.by_identity, self.identities))


def judged(analysis: Analysis) -> Judged:
    """The policies of the snapshot."""
    return analysis.once(_judged)


def _judged(analysis: Analysis) -> Judged:
    accounts, identities, register = analysis.accounts, analysis.identities, analysis.register
    whom = trusted_accounts(accounts, register, analysis.organization_id, analysis.config.organization, analysis.today)
    asked = identity_policies(identities, analysis.snapshot.policies)
    by_identity = judge(asked, whom, analysis.cache, analysis.executor)
    return Judged(by_identity, identities, accounts, register, analysis.today)


@derived(GRANTS)
def _grants(analysis: Analysis) -> pd.DataFrame:
    return remembered_frame(analysis, GRANTS, lambda: judged(analysis).grants)


@derived(EXPOSURES)
def _exposures(analysis: Analysis) -> pd.DataFrame:
    return remembered_frame(analysis, EXPOSURES, lambda: judged(analysis).exposures)
