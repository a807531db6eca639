"""``sesreport.toml``: what may be configured, with defaults, checked key by key.

AWS settings (profiles, SSO, endpoints, default Region) are the SDK's own and have no place here.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from sesreport.core.days import read_day
from sesreport.core.errors import ConfigError, suggestion
from sesreport.core.files import read_text
from sesreport.core.redaction import hide, redacted
from sesreport.core.vocabulary import Severity

AccountId = Annotated[str, Field(pattern="^[0-9]{12}$")]
Environment = Literal["prod", "staging", "dev", "sandbox"]
Share = Annotated[float, Field(strict=True, ge=0, le=1)]
Name = Annotated[str, Field(min_length=1)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class OrganizationSettings(_Section):
    """``[organization]``: which accounts, how to reach them, how to tell their environment."""

    name: str = ""
    """Shown on the pack; empty means the organization's id."""
    id: Annotated[str, Field(pattern=r"^(o-[a-z0-9]{10,32})?$")] = ""
    """The organization's id, used where AWS is not asked for it: for policy files, and for a single account."""
    accounts: list[AccountId] = []
    """Its accounts, used there as well."""
    role_name: str = "SesReportReadOnly"
    """The role assumed in each member account."""
    external_id: Annotated[str, Field(repr=False)] = ""
    """Passed to AssumeRole when the roles require one."""
    accounts_include: list[AccountId] = []
    """Only these accounts (empty means all)."""
    accounts_exclude: list[AccountId] = []
    """Not these; each leaves a ``skipped`` coverage row."""
    environment_tag: str = "environment"
    """Account tag that names the environment."""
    environment_values: dict[str, Environment] = {
        "production": "prod",
        "prd": "prod",
        "live": "prod",
        "stage": "staging",
        "test": "staging",
        "development": "dev",
        "sbx": "sandbox",
    }
    """Tag values, and parts of OU paths, that mean an environment beside its own name."""
    regions: list[str] = []
    """Only these Regions (empty means all that offer SES and are enabled in the account)."""


class Tags(_Section):
    """``[tags]``: which tags carry the owner and the ticket, most trusted first."""

    owner: list[str] = ["owner", "Owner", "team"]
    """Who answers for an identity or account."""
    ticket: list[str] = ["ticket", "Ticket", "change-ticket"]
    """The record of why it is there."""


class Owners(_Section):
    """``[owners]``: who there is to answer for identities, accounts and approvals."""

    directory: str = ""
    """People and teams there are: .csv or .xlsx (columns email, user, team), .toml (a list owners) or .txt (one a
    line). An owner who is not among them is a finding; without a directory none is. A relative path is one from the
    configuration file."""


class Collect(_Section):
    """``[collect]``: how much to read, and how hard."""

    workers: Annotated[int, Field(strict=True, ge=1, le=512)] = 64
    """account × Region lanes read at the same time; most of the time they wait for their turn."""
    pace: Annotated[float, Field(strict=True, ge=0, le=10)] = 1.0
    """Times the documented request rates to begin with (SES: one a second per account × Region); what an endpoint
    allows beyond is found out. 0 for one that has no limits."""
    refresh_days: Annotated[int, Field(strict=True, ge=1, le=90)] = 7
    """Days after which an incremental collection reads an identity again though nothing says it changed."""
    metric_days: Annotated[int, Field(strict=True, ge=1, le=455)] = 455
    """How far back CloudWatch is read; it keeps hourly values for 455 days."""
    max_attempts: Annotated[int, Field(strict=True, ge=1, le=20)] = 6
    """Attempts per call before a coverage row says why not; three times as many where it was throttled."""
    timeout: Annotated[float, Field(strict=True, gt=0, le=300)] = 30
    """Seconds a call may take as a whole, from the first byte sent to the last received."""
    outage: Annotated[float, Field(strict=True, ge=1, le=240)] = 60
    """Seconds without an answer of AWS, from any endpoint, after which a collection stops with exit code 4."""
    datasets_skip: list[str] = ["costs"]
    """Datasets not read. Each Cost Explorer request is charged by AWS, so ``costs`` is off until asked for."""


class KpiSetting(_Section):
    """``[kpis.<id>]``: target, the limit up to which a miss is only ``watch``, and who answers for it."""

    target: Number | None = None
    """Replaces the KPI's own; shares and rates are written 0..1."""
    watch: Number | None = None
    """Beyond the target but not yet off target up to here; the target itself when only that is set."""
    owner: str | None = None
    """Who answers for the KPI."""


class FindingException(_Section):
    """``[[findings.exceptions]]``: a risk accepted for a time; it stays counted."""

    rule: str
    """Name of the rule."""
    account_id: AccountId | None = None
    """Only in this account."""
    region: Name | None = None
    """Only in this Region."""
    identity: Name | None = None
    """Only on this identity."""
    grantee: Name | None = None
    """Only for this principal, as written in the policy."""
    reason: Name
    """Why the risk is accepted."""
    accepted_at: Annotated[date, BeforeValidator(read_day)] | None = None
    """The first day on which it is; without one, it is taken for accepted at every earlier snapshot as well."""
    expires: Annotated[date, BeforeValidator(read_day)]
    """The last day on which it is."""

    def in_force(self, day: date) -> bool:
        """Whether the risk is accepted on a day."""
        return (self.accepted_at is None or self.accepted_at <= day) and day <= self.expires


Days = Annotated[int, Field(strict=True, ge=1, le=3650)]


class DueDays(_Section):
    """``[findings.due_days]``: how long there is to do what is asked about a finding."""

    critical: Days = 7
    """Days from the opening of a critical finding to the day by which what is asked about it is due."""
    high: Days = 30
    """The same for a high one."""
    medium: Days = 60
    """The same for a medium one."""
    low: Days = 90
    """The same for a low one."""
    incident: Annotated[int, Field(strict=True, ge=0, le=3650)] = 0
    """Days from the day on which an incident was first seen, whatever its severity; 0 is that day."""

    def of(self, severity: str) -> int:
        """Days for the severity of what is no incident."""
        return int(getattr(self, severity))


class FindingsSetting(_Section):
    """``[findings]``: severities by rule, days to put right, and exceptions."""

    severity: dict[str, Severity] = {}
    """Severity by rule, in place of the rule's own."""
    due_days: DueDays = DueDays()
    """Days to put right, by severity."""
    exceptions: list[FindingException] = []


class Report(_Section):
    """``[report]``: how the pack presents itself."""

    title: str = "Who can send e-mail as us"
    """On the cover of everything."""
    classification: str = "Internal"
    """In every footer."""
    contact: str = ""
    """Whom to ask."""
    accent: Annotated[str, Field(pattern=r"^#[0-9A-Fa-f]{6}$")] = "#1F3864"
    """Color of titles and rules."""
    deck_template: str | None = None
    """A .pptx whose masters and layouts the deck uses; a relative path is one from where the command is run."""
    minimum_coverage: Share = 0.95
    """Below this share no status is better than ``watch``."""
    expiry_warning_days: Annotated[int, Field(strict=True, ge=0, le=3650)] = 60
    """A register entry that ends within this many days is ``expiring``."""
    minimum_sends: Annotated[int, Field(strict=True, ge=1)] = 1000
    """Own bounce and complaint shares are not judged below this many messages."""


class Budget(_Section):
    """``[costs.budget]``: what SES may cost in a month."""

    amount: Annotated[Decimal, Field(gt=0, max_digits=28, decimal_places=10)]
    """Most that a month may cost."""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")]
    """Its currency, as the bill has it (ISO 4217, ``USD``)."""


class Costs(_Section):
    """``[costs]``: where the bill is, and what it may come to."""

    exports: list[Name] = []
    """Cost exports (CUR 2.0, legacy CUR, FOCUS 1.0 and 1.2): folders, searched in depth, or files, or any URL that
    fsspec opens (``s3://bucket/exports``); a relative path is one from the configuration file."""
    budget: Budget | None = None
    """What SES may cost in a month, in one currency."""
    prices: str = ""
    """The price table (.csv) in place of the one shipped, for estimates and to compare plans; a relative path is one
    from the configuration file."""


class Review(_Section):
    """``[review]``: the quarterly review of grants that reach beyond the organization."""

    first: Annotated[str, Field(pattern="^([12][0-9]{3}-Q[1-4])?$")] = ""
    """The first quarter to be answered for, such as ``2026-Q4``; empty means the first that has an answer."""
    revoke_days: Annotated[int, Field(strict=True, ge=1, le=366)] = 30
    """Days from the answer until what is to be narrowed or revoked must be."""


class Paths(_Section):
    """``[paths]``: where things are, relative to the configuration file."""

    register_file: Annotated[str, Field(alias="register")] = "data/register.csv"
    """The register of approved outside accounts: .csv, .xlsx or .toml."""
    attestations: str = "data/attestations.parquet"
    """What reviewers answered about each grant; ``sesreport review import`` adds to it."""
    snapshots: str = "data/snapshots"
    """Where snapshots are kept: a folder, or any URL that fsspec opens (``s3://bucket/snapshots``)."""
    output: str = "out"
    """Where packs are written."""
    cache: str = ""
    """Where what was computed of months that are over, and the day's answers of Cost Explorer, are kept; empty means
    the user's cache folder."""


def _in_order(values: tuple[float, float]) -> tuple[float, float]:
    if values[0] > values[1]:
        raise ValueError(f"the low end, {values[0]:g}, is above the high end")
    return values


Incidents = Annotated[float, Field(gt=0, le=100)]
Amount = Annotated[float, Field(gt=0, le=1e12)]


class Loss(_Section):
    """``[stakes.loss]``: how often mail sent in our name by others does harm, and how much; both are your guesses."""

    incidents_per_year: Annotated[tuple[Incidents, Incidents], AfterValidator(_in_order)]
    """Incidents a year, low and high end, between which it is in nine of ten cases: ``[0.1, 2]``; at most 100."""
    loss_per_incident: Annotated[tuple[Amount, Amount], AfterValidator(_in_order)]
    """What one costs, low and high end, in the currency of ``[stakes]``; at most 1e12."""


class Stakes(_Section):
    """``[stakes]``: what mail is worth, and what its loss may cost; nothing of it by default."""

    value_per_thousand: Annotated[Decimal, Field(ge=0, le=10**9, decimal_places=10)] | None = None
    """What a thousand legitimate messages are worth to the business, in ``currency``."""
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] = "USD"
    """ISO 4217 code of it."""
    loss: Loss | None = None
    """Ranges from which a year's loss is simulated; nothing is without them."""


_ELSEWHERE: Any = {"paths": True, "delivery": True, "owners": True, "costs": {"exports", "prices"}}
"""Settings that say where things are, and judge nothing."""


class Config(_Section):
    """All settings; ``Config()`` is a working default."""

    organization: OrganizationSettings = OrganizationSettings()
    tags: Tags = Tags()
    owners: Owners = Owners()
    collect: Collect = Collect()
    kpis: dict[str, KpiSetting] = {}
    findings: FindingsSetting = FindingsSetting()
    report: Report = Report()
    paths: Paths = Paths()
    review: Review = Review()
    stakes: Stakes = Stakes()
    costs: Costs = Costs()
    delivery: Annotated[dict[str, list[dict[str, Any]]], Field(repr=False)] = {}
    """Where packs are delivered, by kind of destination; nowhere by default."""

    def based_at(self, base: Path) -> Config:
        """The same with its paths taken from a folder, where they are relative; URLs stay."""
        paths = self.paths
        moved = Paths.model_construct(
            paths.model_fields_set,
            register_file=str(base / paths.register_file),
            attestations=str(base / paths.attestations),
            snapshots=paths.snapshots if "://" in paths.snapshots else str(base / paths.snapshots),
            output=str(base / paths.output),
            cache=str(base / paths.cache) if paths.cache else "",
        )
        exports = [each if "://" in each else str(base / each) for each in self.costs.exports]
        prices = str(base / self.costs.prices) if self.costs.prices else ""
        costs = self.costs.model_copy(update={"exports": exports, "prices": prices})
        owners = Owners(directory=str(base / self.owners.directory) if self.owners.directory else "")
        return self.model_copy(update={"paths": moved, "costs": costs, "owners": owners})

    @property
    def register_named(self) -> bool:
        """Whether the settings name a register: then it has to be there."""
        return "register_file" in self.paths.model_fields_set

    @property
    def sha256(self) -> str:
        """Hash of the settings that judge; two runs with the same hash judged alike, wherever they read and wrote."""
        return hashlib.sha256(self.model_dump_json(exclude=_ELSEWHERE).encode()).hexdigest()


def cache_folder(config: Config) -> Path:
    """The folder of ``paths.cache``; the user's cache where it names none."""
    from platformdirs import user_cache_path  # the Lambda functions do without it

    return Path(config.paths.cache) if config.paths.cache else user_cache_path("sesreport")


def load_config(path: Path | None) -> Config:
    """The settings of a file; the defaults when ``path`` is None and there is no ``./sesreport.toml``.

    Raises ConfigError with file, place and remedy for unreadable files, bad TOML, unknown keys and bad values.
    """
    if path is None:
        path = Path("sesreport.toml")
        if not (path.exists() or path.is_symlink()):
            return Config()
    try:
        raw = read_toml(path)
        hide(*_external_ids(raw))
        config = Config.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(f"{path}: {describe(error, Config)}") from error
    return config.based_at(path.parent)


def read_toml(path: Path) -> dict[str, Any]:
    """The content of a TOML file. Raises ConfigError when it cannot be read or is not TOML."""
    try:
        return tomllib.loads(read_text(path))
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from error
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"{path}: not valid TOML: {error}") from error


def _external_ids(value: Any) -> Iterator[str]:
    """Every ``external_id`` of a file, whatever else is wrong with it."""
    if isinstance(value, dict):
        yield from (str(part) for name, part in value.items() if name == "external_id")
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _external_ids(part)


def describe(error: ValidationError, model: type[BaseModel]) -> str:
    """The first thing wrong, as ``section.key: what``; an unknown key, with a suggestion, before what it is missing."""
    first = min(error.errors(), key=lambda each: each["type"] != "extra_forbidden")
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        known = _keys_at(model, first["loc"][:-1])
        return f"unknown key {where!r}{suggestion(str(first['loc'][-1]), known)}"
    what = first["msg"].removeprefix("Value error, ")
    if not where:  # of the keys together, not of one
        return what
    more = f" (and {error.error_count() - 1} more)" if error.error_count() > 1 else ""
    given = first["input"]
    shown = redacted(repr(given) if isinstance(given, str) else str(given))
    return f"{where}: {what[0].lower()}{what[1:]}, not {shown:.80}{more}"


def _keys_at(model: type[BaseModel], loc: tuple[int | str, ...]) -> list[str]:
    current: Any = model
    for part in loc:
        if isinstance(current, type) and issubclass(current, BaseModel) and part in current.model_fields:
            current = current.model_fields[str(part)].annotation
        current = _inner(current)
    if isinstance(current, type) and issubclass(current, BaseModel):
        return [field.alias or name for name, field in current.model_fields.items()]
    return []


def _inner(annotation: Any) -> Any:
    """What a list or dict holds, and what an optional setting is."""
    parts = [part for part in getattr(annotation, "__args__", ()) if part is not type(None)]
    return parts[-1] if parts else annotation
