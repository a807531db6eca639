"""The budgets that the demonstration organization keeps in AWS Budgets, from ``budgets.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path

from sesreport.core.errors import ConfigError
from sesreport.settings.config import read_toml

_UNTIL = datetime(2087, 6, 15, tzinfo=UTC)
"""What AWS says of a budget without an end."""


@dataclass(frozen=True)
class Budget:
    """A monthly budget of one account on the cost of some services, in USD."""

    account: str
    name: str
    amount: float
    services: tuple[str, ...]
    """As Cost Explorer names them."""
    first_day: date
    until: datetime = _UNTIL

    @property
    def since(self) -> datetime:
        return datetime.combine(self.first_day, time(), tzinfo=UTC)


def load_budgets(data: Path) -> tuple[Budget, ...]:
    """Raises ConfigError for an unreadable file or a missing or unknown key."""
    path = data / "budgets.toml"
    try:
        return tuple(
            Budget(each["account"], each["name"], float(each["amount"]), tuple(each["services"]), each["from"])
            for each in read_toml(path)["budgets"]
        )
    except KeyError as error:
        raise ConfigError(f"{path}: missing key: {error}") from error
