"""What a row of a chart is called."""

from __future__ import annotations

import pandas as pd
import pytest

from sesreport.report.charts.names import account_labels

IDS = ["210000000001", "210000000002", "210000000003"]


@pytest.mark.parametrize("dtype", ["string", "object", "category"])
@pytest.mark.parametrize(
    ("names", "labels"),
    [
        ([pd.NA, pd.NA, pd.NA], IDS),
        (["shop", "shop", pd.NA], IDS),
        (["shop", "mail", pd.NA], ["shop", "mail", IDS[2]]),
    ],
)
def test_an_account_without_a_name_of_its_own_is_called_by_its_id(
    names: list[object], labels: list[str], dtype: str
) -> None:
    accounts = pd.DataFrame({"account_id": IDS, "name": pd.Series(names, dtype="string")})
    assert list(account_labels(pd.Series(IDS, dtype=dtype), accounts)) == labels


@pytest.mark.parametrize("accounts", [None, pd.DataFrame({"account_id": [], "name": []})])
def test_without_accounts_ids_stay_texts(accounts: pd.DataFrame | None) -> None:
    assert list(account_labels(pd.Series(IDS, dtype="string"), accounts)) == IDS
    assert list(account_labels(pd.Series([], dtype="string"), accounts)) == []
