"""AWS's budgets on SES beside the settings' own."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from estate import DEV, SHOP, Estate

from sesreport.settings.config import Config

AWS_2500 = "AWS's budget 'mail' is USD 2,500 a month"
OURS_2200 = "The settings' budget is USD 2,200 a month"


def settings(amount: str | None = "2200", currency: str = "USD") -> Config:
    budget = None if amount is None else {"amount": Decimal(amount), "currency": currency}
    return Config.model_validate({"costs": {"budget": budget}})


def budget(**fields: Any) -> dict[str, Any]:
    return {
        "account_id": SHOP, "budget_name": "mail", "budget_type": "COST", "time_unit": "MONTHLY",
        "amount": Decimal(2500), "currency": "USD", "ses_alone": True, "filters": "{}", **fields,
    }  # fmt: skip


def estate(*budgets: dict[str, Any], status: str | None = "ok", account: str = SHOP) -> Estate:
    made = Estate().place()
    made.rows["budgets"] += budgets
    return made if status is None else made.gap(account, "global", "budgets", status)


def said(folder: Path, made: Estate, config: Config) -> dict[str, dict[str, Any]]:
    """The rows by name, NA as None."""
    frame = made.analysis(folder, config).budget_agreement
    rows = [{str(k): None if pd.isna(v) else v for k, v in row.items()} for row in frame.to_dict("records")]
    return {row["budget_name"]: row for row in rows}


def told(row: dict[str, Any]) -> tuple[bool | None, str, str]:
    return row["agrees"], row["standing"], row["words"]


def test_budgets_that_differ_are_both_told(tmp_path: Path) -> None:
    rows = said(tmp_path, estate(budget()), settings())
    assert told(rows["mail"]) == (False, "differs", f"{AWS_2500}, the settings say USD 2,200.")
    assert told(rows["costs.budget"]) == (False, "differs", f"{OURS_2200}, AWS has 'mail' of USD 2,500.")
    assert (rows["mail"]["source"], rows["mail"]["account_id"], rows["mail"]["amount"]) == ("AWS", SHOP, 2500)
    assert (rows["costs.budget"]["source"], rows["costs.budget"]["amount"]) == ("settings", 2200)


def test_budgets_of_one_name_in_two_accounts_are_two(tmp_path: Path) -> None:
    made = estate(budget(), budget(account_id=DEV))
    frame = made.analysis(tmp_path, settings()).budget_agreement
    found = frame[["account_id", "budget_name", "standing"]].to_numpy().tolist()
    names = [[SHOP, "mail", "differs"], [DEV, "mail", "not compared"], ["(none)", "costs.budget", "differs"]]
    assert sorted(found) == sorted(names)


def test_budgets_of_the_same_amount_and_currency_agree(tmp_path: Path) -> None:
    rows = said(tmp_path, estate(budget()), settings("2500.00"))
    assert told(rows["mail"]) == (True, "agrees", f"{AWS_2500}, as the settings say.")
    words = "The settings' budget is USD 2,500 a month, as AWS's budget 'mail' is."
    assert told(rows["costs.budget"]) == (True, "agrees", words)


def test_an_amount_in_another_currency_does_not_agree(tmp_path: Path) -> None:
    rows = said(tmp_path, estate(budget()), settings("2500", "EUR"))
    assert told(rows["mail"]) == (False, "differs", f"{AWS_2500}, the settings say EUR 2,500.")
    assert rows["costs.budget"]["agrees"] is False


def test_amounts_that_differ_do_not_look_alike(tmp_path: Path) -> None:
    rows = said(tmp_path, estate(budget(amount=Decimal("2500.125"))), settings("2500.1"))
    words = "AWS's budget 'mail' is USD 2,500.125 a month, the settings say USD 2,500.10."
    assert told(rows["mail"]) == (False, "differs", words)


def test_one_that_agrees_is_enough_for_the_settings(tmp_path: Path) -> None:
    rows = said(tmp_path, estate(budget(), budget(budget_name="same", amount=Decimal(2200))), settings())
    assert [rows[name]["agrees"] for name in ("mail", "same", "costs.budget")] == [False, True, True]


def test_none_in_aws_is_said_where_its_budgets_were_read(tmp_path: Path) -> None:
    rows = said(tmp_path, estate(), settings())
    words = f"{OURS_2200}, AWS has none a month on all of Amazon SES."
    assert told(rows["costs.budget"]) == (None, "none in AWS", words)


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("denied", "AWS's budgets were not all read: denied (budgets: denied)"),
        ("skipped", "AWS's budgets were not all read: skipped (budgets: skipped)"),
        (None, "AWS's budgets were not asked for"),  # a snapshot of an earlier release
    ],
)
def test_budgets_that_were_not_read_are_not_none(status: str | None, why: str, tmp_path: Path) -> None:
    rows = said(tmp_path, estate(status=status), settings())
    assert told(rows["costs.budget"]) == (None, "not read", f"{OURS_2200}; {why}.")


def test_one_that_differs_does_not_settle_what_was_not_read(tmp_path: Path) -> None:
    rows = said(tmp_path, estate(budget(), status="error"), settings())
    assert (rows["mail"]["agrees"], rows["costs.budget"]["standing"]) == (False, "not read")


def test_one_that_agrees_settles_it_though_others_were_not_read(tmp_path: Path) -> None:
    assert said(tmp_path, estate(budget(), status="error"), settings("2500"))["costs.budget"]["agrees"] is True


def test_none_in_the_settings(tmp_path: Path) -> None:
    rows = said(tmp_path, estate(budget()), settings(None))
    assert told(rows["mail"]) == (None, "none in settings", f"{AWS_2500}, the settings have none (costs.budget).")
    words = "The settings have no budget (costs.budget); AWS has 'mail' of USD 2,500."
    assert told(rows["costs.budget"]) == (None, "none in settings", words)


def test_none_anywhere(tmp_path: Path) -> None:
    words = "The settings have no budget (costs.budget); AWS has none on all of Amazon SES."
    assert said(tmp_path, estate(), settings(None))["costs.budget"]["words"] == words


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"budget_type": "USAGE", "currency": "Count"}, "its type is USAGE, not COST"),
        ({"time_unit": "QUARTERLY"}, "it is quarterly, not monthly"),
        ({"ses_alone": False}, "its filters choose more or less than all of Amazon SES"),
        ({"ends_at": datetime(2026, 10, 31, tzinfo=UTC)}, "it ended on 2026-10-31"),
        ({"begins_at": datetime(2027, 1, 1, tzinfo=UTC)}, "it begins on 2027-01-01"),
        ({"amount": None, "currency": None}, "AWS did not say its limit"),
        ({"account_id": DEV}, f"it is on the cost of account {DEV} alone"),
    ],
)
def test_a_budget_on_something_else_is_named_and_not_compared(fields: dict[str, Any], why: str, tmp_path: Path) -> None:
    rows = said(tmp_path, estate(budget(**fields)), settings("2500"))
    assert told(rows["mail"]) == (None, "not compared", f"AWS's budget 'mail' is not compared: {why}.")
    assert rows["costs.budget"]["standing"] == "none in AWS"


def test_a_members_budgets_do_not_tell_what_the_management_account_has(tmp_path: Path) -> None:
    rows = said(tmp_path, estate(account=DEV), settings())
    why = f"AWS's budgets were read in account {DEV}, which is not the management account"
    assert told(rows["costs.budget"]) == (None, "not read", f"{OURS_2200}; {why}.")


def test_a_name_that_would_hide_something_is_made_visible(tmp_path: Path) -> None:
    rows = said(tmp_path, estate(budget(budget_name="a\u202eb")), settings())
    assert "'a⟨U+202E⟩b'" in rows["a\u202eb"]["words"]
