"""Whether AWS's budgets on SES and the settings' own say the same: AWS warns by one, the report judges by the other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

import pandas as pd

from sesreport.analysis.registry import Analysis, derived
from sesreport.core.schema import Frame, Row, flag, money, text
from sesreport.core.text import visible
from sesreport.settings.config import Budget
from sesreport.snapshot.coverage import OK

AWS, SETTINGS = "AWS", "settings"
SETTING = "costs.budget"
"""The settings' own budget; of a budget of AWS the name is its own."""
NO_ACCOUNT = "(none)"
"""Of the settings' own budget: it is kept in no account."""
AGREES, DIFFERS, NOT_COMPARED, NOT_READ = "agrees", "differs", "not compared", "not read"
NONE_IN_AWS, NONE_IN_SETTINGS = "none in AWS", "none in settings"

BUDGET_AGREEMENT = Frame(
    "budget_agreement",
    "One row per budget of AWS on SES, and one for the settings' own, whether there is one or not.",
    keys={
        "source": text("AWS or settings."),
        "account_id": text("The account that keeps AWS's budget; '(none)' for the settings' own."),
        "budget_name": text("Name of AWS's budget (untrusted text); 'costs.budget' for the settings' own."),
    },
    columns={
        "amount": money("Its limit; NA where there is none or it is not known."),
        "currency": text("ISO 4217 code."),
        "agrees": flag("Whether the other side says the same amount and currency; NA where nothing can be compared."),
        "standing": text("agrees, differs, not compared (not monthly, not on all of SES …), none in AWS, none in "
                         "settings, or not read.", required=True),
        "words": text("It in one sentence.", required=True),
    },
    samples=(
        {"source": "AWS", "account_id": "210000000001", "budget_name": "amazon-ses", "amount": Decimal(2500),
         "currency": "USD", "agrees": False, "standing": "differs",
         "words": "AWS's budget 'amazon-ses' is USD 2,500 a month, the settings say USD 2,200."},
        {"source": "AWS", "account_id": "210000000001", "budget_name": "mail-eu", "amount": Decimal(3000),
         "currency": "USD", "standing": "not compared",
         "words": "AWS's budget 'mail-eu' is not compared: it is quarterly, not monthly."},
        {"source": "settings", "account_id": "(none)", "budget_name": "costs.budget", "amount": Decimal(2200),
         "currency": "USD", "agrees": False, "standing": "differs",
         "words": "The settings' budget is USD 2,200 a month, AWS has 'amazon-ses' of USD 2,500."},
    ),
)  # fmt: skip


@derived(BUDGET_AGREEMENT)
def budget_agreement(analysis: Analysis) -> pd.DataFrame:
    """Compares amounts and currencies of monthly budgets on the cost of all of SES; others are named, not compared."""
    ours, members = analysis.config.costs.budget, _members(analysis.snapshot.accounts)
    found = [
        {str(name): None if pd.isna(value) else value for name, value in row.items()}
        for row in analysis.snapshot.budgets.to_dict("records")
    ]
    now = pd.Timestamp(analysis.snapshot.started_at)
    kept = [(budget, _why_not(budget, now, members)) for budget in found]
    comparable = [budget for budget, why in kept if why is None]
    unread = _unread(analysis.coverage, members)
    rows = [_of_aws(budget, why, ours) for budget, why in kept]
    return BUDGET_AGREEMENT.from_rows([*rows, _of_settings(ours, comparable, unread)])


def _members(accounts: pd.DataFrame) -> set[str]:
    """Accounts of an organization that do not pay for it: their budgets are on their own cost."""
    member = accounts["in_organization"] & ~accounts["management_account"]
    return set(accounts.loc[member.fillna(value=False), "account_id"])


def _why_not(budget: Mapping[str, Any], now: pd.Timestamp, members: set[str]) -> str | None:
    """Why a budget of AWS says nothing about what SES may cost in a month; None where it does."""
    if budget["budget_type"] != "COST":
        return f"its type is {visible(budget['budget_type'])}, not COST"
    if budget["time_unit"] != "MONTHLY":
        return f"it is {visible(budget['time_unit']).lower()}, not monthly"
    if not budget["ses_alone"]:
        return "its filters choose more or less than all of Amazon SES"
    if budget["account_id"] in members:
        return f"it is on the cost of account {budget['account_id']} alone"
    if budget["ends_at"] is not None and budget["ends_at"] <= now:
        return f"it ended on {budget['ends_at']:%Y-%m-%d}"
    if budget["begins_at"] is not None and budget["begins_at"] > now:
        return f"it begins on {budget['begins_at']:%Y-%m-%d}"
    return "AWS did not say its limit" if budget["amount"] is None or budget["currency"] is None else None


def _of_aws(budget: Mapping[str, Any], why_not: str | None, ours: Budget | None) -> Row:
    """The row of a budget of AWS."""
    row = {"source": AWS, **{name: budget[name] for name in ("budget_name", "account_id", "amount", "currency")}}
    if why_not is not None:
        return row | {"standing": NOT_COMPARED, "words": f"{_named(budget)} is not compared: {why_not}."}
    said = f"{_named(budget)} is {_limit(budget)} a month"
    if ours is None:
        return row | {"standing": NONE_IN_SETTINGS, "words": f"{said}, the settings have none ({SETTING})."}
    if _is_same(budget, ours):
        return row | {"agrees": True, "standing": AGREES, "words": f"{said}, as the settings say."}
    words = f"{said}, the settings say {_told(ours.amount, ours.currency)}."
    return row | {"agrees": False, "standing": DIFFERS, "words": words}


def _of_settings(ours: Budget | None, comparable: list[dict[str, Any]], unread: str | None) -> Row:
    """The row of the settings' own budget, or of there being none."""
    row: dict[str, Any] = {"source": SETTINGS, "account_id": NO_ACCOUNT, "budget_name": SETTING}
    if ours is None:
        theirs = f"AWS has {_list(comparable)}" if comparable else "AWS has none on all of Amazon SES"
        words = f"The settings have no budget ({SETTING}); {unread or theirs}."
        return row | {"standing": NONE_IN_SETTINGS, "words": words}
    row |= {"amount": ours.amount, "currency": ours.currency}
    said = f"The settings' budget is {_told(ours.amount, ours.currency)} a month"
    if same := [budget for budget in comparable if _is_same(budget, ours)]:
        return row | {"agrees": True, "standing": AGREES, "words": f"{said}, as {_named(same[0])} is."}
    if unread is not None:
        return row | {"standing": NOT_READ, "words": f"{said}; {unread}."}
    if not comparable:
        words = f"{said}, AWS has none a month on all of Amazon SES."
        return row | {"standing": NONE_IN_AWS, "words": words}
    return row | {"agrees": False, "standing": DIFFERS, "words": f"{said}, AWS has {_list(comparable)}."}


def _unread(coverage: pd.DataFrame, members: set[str]) -> str | None:
    """Why AWS's budgets are not all known; None where they are."""
    asked = coverage[coverage["dataset"].eq("budgets")]
    if asked.empty:
        return "AWS's budgets were not asked for"
    for status, reason in zip(asked["status"], asked["reason"], strict=True):
        if status != OK:
            return f"AWS's budgets were not all read: {status}{'' if pd.isna(reason) else f' ({visible(reason)})'}"
    if elsewhere := sorted(members & set(asked["account_id"])):
        return f"AWS's budgets were read in account {elsewhere[0]}, which is not the management account"
    return None


def _is_same(budget: Mapping[str, Any], ours: Budget) -> bool:
    return bool(budget["amount"] == ours.amount and budget["currency"] == ours.currency)


def _named(budget: Mapping[str, Any]) -> str:
    return f"AWS's budget '{visible(budget['budget_name'])}'"


def _limit(budget: Mapping[str, Any]) -> str:
    return _told(budget["amount"], visible(budget["currency"]))


def _list(budgets: Iterable[Mapping[str, Any]]) -> str:
    return " and ".join(f"'{visible(budget['budget_name'])}' of {_limit(budget)}" for budget in budgets)


def _told(amount: Decimal, currency: str) -> str:
    """An amount in full, so that two that differ never look alike: ``USD 2,500``, ``USD 49.90``, ``USD 0.125``."""
    whole, _, fraction = f"{amount:,f}".partition(".")
    fraction = fraction.rstrip("0")
    return f"{currency} {whole}.{fraction:0<2}" if fraction else f"{currency} {whole}"
