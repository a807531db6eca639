"""What SES costs by cost exports: CUR 2.0, legacy CUR, FOCUS 1.0 and 1.2, in Parquet or CSV, local or at a URL.

Amounts are decimals from the first sum on, so every grouping of the charges adds up to the same total. A billing
period of which anything cannot be read is not counted at all: it has no row in ``months``, and a row in ``gaps``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pandas as pd

from sesreport.core.text import one_line
from sesreport.snapshot.series import text as sql_text
from sesreport.usage.cost_frames import CHARGES, GAPS, MONTHS
from sesreport.usage.export_deliveries import deliveries
from sesreport.usage.export_files import Gap, list_exports
from sesreport.usage.export_format import ADJUSTMENT, NONE
from sesreport.usage.export_scan import AMOUNTS, Scan, Scanner
from sesreport.usage.export_source import SHORT_ID, whole_id

NEWER = timedelta(days=3)
"""An export that is older by more than this than another of the same month may lack what came since."""


@dataclass(frozen=True)
class CostExports:
    """What cost exports say of SES."""

    charges: pd.DataFrame
    """Of :data:`CHARGES`."""
    months: pd.DataFrame
    """Of :data:`MONTHS`: what was read. A month that is not here is not known; its cost is not zero."""
    gaps: pd.DataFrame
    """Of :data:`GAPS`: what could not be read or judged."""


@dataclass(frozen=True)
class Claim:
    """A billing period of a payer, as one scan has it."""

    scan: Scan
    period: str
    payer: str
    rows: int
    billed: Mapping[str, Decimal]
    """By currency."""
    accounts: frozenset[str] = frozenset()
    """Those that are charged."""

    @property
    def is_partial(self) -> bool:
        """Whether it was delivered before its month ended, in UTC as AWS bills; not where the time is not known."""
        issued = self.scan.delivery.issued_at
        return issued is not None and f"{issued:%Y-%m}" <= self.period


def read_cost_exports(exports: Sequence[str | Path], *, base: Path | None = None) -> CostExports:
    """The charges of SES in cost exports: folders, searched in depth, or files, local or at a URL.

    Of several exports of one payer's month one counts: of those with rows of SES, delivered after the month ended if
    any was, and not more than three days older than the newest of them, the one with the most detailed format (CUR 2.0,
    legacy CUR, FOCUS 1.2, FOCUS 1.0), then the newest. The others are in ``gaps``, and so is the one that counts if it
    was delivered before its month ended. Exports of different payers are all counted; one that names no payer is taken
    for a rival of each.

    ``base`` is where relative paths begin. Raises ConfigError for a path that is not there.
    """
    files, gaps = list_exports(exports, base)
    found, more = deliveries(files)
    gaps += more
    with Scanner() as scanner:
        for delivery in found:
            scanner.read(delivery)
        gaps += scanner.gaps
        gaps += _outside_their_period(scanner)
        _settle_payers(scanner)
        _settle_currencies(scanner)
        chosen, left = _choose(_claims(scanner))
        gaps += [*_without_rows(scanner), *left, *_of_part_months(chosen)]
        _keep_only(scanner, chosen)
        gaps += _of_accounts(scanner)
        gaps += _of_categories(scanner)
        gaps += _of_values(scanner)
        charges = CHARGES.from_arrow(scanner.db.sql(_CHARGES).to_arrow_table().cast(CHARGES.arrow))
    return CostExports(charges, _months(chosen), _gap_frame(gaps))


# --- which exports count


def _settle_payers(scanner: Scanner) -> None:
    """Gives rows that name no payer to one of their export, so that they are not compared with other payers' rows."""
    scanner.db.execute(f"UPDATE lines SET payer = {whole_id('payer')}")
    for scan in scanner.scans:
        found = scanner.db.execute("SELECT min(payer) FROM lines WHERE ses AND delivery = ?", [scan.number]).fetchone()
        payer = (found and found[0]) or scan.first[1]
        scanner.db.execute("UPDATE lines SET payer = ? WHERE payer IS NULL AND delivery = ?", [payer, scan.number])


def _settle_currencies(scanner: Scanner) -> None:
    """Spells codes of currencies alike, and takes away what is none, which would be a currency of its own in sums."""
    code = "nullif(regexp_extract(upper(currency), '^\\s*([A-Z]{3})\\s*$', 1), '')"
    scanner.db.execute(f"UPDATE lines SET currency = {code}")


def _claims(scanner: Scanner) -> list[Claim]:
    """Every billing period of a payer that was read, those without a row of SES included."""
    rows: dict[tuple[int, str, str], int] = defaultdict(int)
    billed: dict[tuple[int, str, str], dict[str, Decimal]] = defaultdict(dict)
    accounts: dict[tuple[int, str, str], set[str]] = defaultdict(set)
    for number, period, payer, currency, lines, amount, charged in scanner.db.execute(f"""
        SELECT delivery, period, payer, coalesce(currency, ''), sum(lines)::BIGINT, sum(billed),
            list(DISTINCT {whole_id("account")}) FILTER (account IS NOT NULL)
        FROM lines WHERE ses GROUP BY ALL ORDER BY 1, 2, 3, 4
    """).fetchall():
        accounts[number, period, payer].update(charged or ())
        rows[number, period, payer] += lines
        billed[number, period, payer][currency] = amount or Decimal(0)
    claims = []
    for scan in scanner.scans:
        own = [key for key in rows if key[0] == scan.number]
        claims += [Claim(scan, key[1], key[2], rows[key], billed[key], frozenset(accounts[key])) for key in own]
        period = scan.delivery.period or scan.first[0]
        if not own and period and period not in scan.lost and _is_known_zero(scan):
            claims.append(Claim(scan, period, scan.first[1], 0, {}))
    return claims


def _is_known_zero(scan: Scan) -> bool:
    """Whether no rows of SES mean no cost: there are rows, and they are of the billing period of their folder."""
    return bool(scan.rows) and (not scan.delivery.period or scan.first[0] in (None, scan.delivery.period))


def _choose(claims: Iterable[Claim]) -> tuple[list[Claim], list[Gap]]:
    """Of the claims to one payer's period one; and the others as gaps."""
    by_period: dict[str, list[Claim]] = defaultdict(list)
    for claim in claims:
        by_period[claim.period].append(claim)
    chosen, gaps = [], []
    for _, group in sorted(by_period.items()):
        by_payer: dict[str, list[Claim]] = defaultdict(list)
        for claim in group:
            by_payer[claim.payer].append(claim)
        best = {payer: _best(rivals) for payer, rivals in by_payer.items()}
        counting = _without_rivals_unnamed(best)
        chosen += [claim for claim in group if claim in counting]
        gaps += [
            _left(claim, [best[claim.payer]] if best[claim.payer] in counting else counting)
            for claim in group
            if claim not in counting
        ]
    return chosen, gaps


def _without_rivals_unnamed(best: Mapping[str, Claim]) -> list[Claim]:
    """Those of the best claims by payer that count: one that names no payer may be of any, so never beside another.

    Claims that name two payers are no rivals of each other: they count before one that names none.
    """
    named = [claim for payer, claim in best.items() if payer]
    if "" not in best or not named:
        return list(best.values())
    if len(named) > 1 and any(claim.rows for claim in named):
        return named
    winner = _best(list(best.values()))
    return named if winner.payer else [winner]


def _best(claims: Sequence[Claim]) -> Claim:
    never = datetime.min.replace(tzinfo=UTC)

    def issued(claim: Claim) -> datetime:
        return claim.scan.delivery.issued_at or never

    claims = [claim for claim in claims if claim.rows] or claims
    claims = [claim for claim in claims if not claim.is_partial] or claims
    newest = max(map(issued, claims))
    current = [claim for claim in claims if newest - issued(claim) <= NEWER]
    return max(current, key=lambda claim: (claim.scan.format.detail, issued(claim), claim.scan.delivery.folder))


def _left(claim: Claim, counting: Sequence[Claim]) -> Gap:
    """Says which exports count in the place of one, and what the two make it cost."""
    billed: dict[str, Decimal] = defaultdict(Decimal)
    for each in counting:
        for currency, amount in each.billed.items():
            billed[currency] += amount
    costs = f"it bills {_sum(claim.billed)}, not {_sum(billed)}"
    advice = "list one of them if this is not meant"
    accounts = frozenset().union(*(each.accounts for each in counting))
    if claim.billed == billed:
        costs = f"both bill the same{'' if claim.accounts == accounts else ' sum, but not to the same accounts'}"
    if claim.accounts and accounts and claim.accounts.isdisjoint(accounts):
        costs += ", and no account is in both: half of the bill may be missing"
        advice = "export all accounts in one"
    payer = f" of payer {one_line(claim.payer)}" if claim.payer else ""
    places = {f"{one_line(each.scan.delivery.folder)} ({each.scan.format.name})": None for each in counting}
    many = "count" if len(places) > 1 else "counts"
    return Gap(
        claim.scan.delivery.export,
        f"{claim.period}{payer} is also in {' and '.join(places)}, which {many} in its place ({costs}); {advice}",
        claim.period,
        claim.scan.delivery.folder,
        claim.rows,
    )


def _sum(billed: Mapping[str, Decimal]) -> str:
    return " and ".join(f"{amount:f} {one_line(currency)}" for currency, amount in billed.items()) or "nothing"


def _keep_only(scanner: Scanner, chosen: Sequence[Claim]) -> None:
    """Deletes the lines that do not count."""
    scanner.db.execute("CREATE TEMP TABLE chosen (delivery INTEGER, period VARCHAR, payer VARCHAR, partial BOOLEAN)")
    if chosen:
        scanner.db.executemany(
            "INSERT INTO chosen VALUES (?, ?, ?, ?)",
            [[claim.scan.number, claim.period, claim.payer, claim.is_partial] for claim in chosen],
        )
    scanner.db.execute("""
        DELETE FROM lines WHERE NOT ses OR NOT EXISTS (
            FROM chosen WHERE chosen.delivery = lines.delivery AND chosen.period = lines.period
            AND chosen.payer = lines.payer
        )
    """)
    named = ", ".join(
        f"{name} = coalesce({name}, '{NONE}')" for name in ("account", "region", "usage_type", "currency")
    )
    types = ", ".join(f"{name} = coalesce({name}, '')" for name in ("line_type", "bill_type"))
    scanner.db.execute(f"UPDATE lines SET {named}, {types}")


# --- what had to be judged


def _outside_their_period(scanner: Scanner) -> Iterator[Gap]:
    """Takes away rows whose billing period is not that of their folder, or not known."""
    for scan in scanner.scans:
        told = scan.delivery.period
        outside = "ses AND delivery = $number AND (period IS NULL OR period <> $told)"
        values = {"number": scan.number, "told": told}
        for period, lines in scanner.db.execute(
            f"SELECT period, sum(lines)::BIGINT FROM lines WHERE {outside} GROUP BY ALL ORDER BY ALL", values
        ).fetchall():
            problem = (
                f"rows of {period} are in the export of {told} and are not counted; {period} is read from its own"
                if period
                else "rows have no billing period that can be read (YYYY-MM-DD) and are not counted; export them again"
            )
            yield Gap(scan.delivery.export, problem, period, scan.delivery.folder, lines)
        scanner.db.execute(f"DELETE FROM lines WHERE {outside}", values)


def _without_rows(scanner: Scanner) -> Iterator[Gap]:
    for scan in scanner.scans:
        period, own = scan.delivery.period, scan.first[0]
        if not scan.rows:
            problem = "there is not a row in the export, so its month is not known; export it again"
            yield Gap(scan.delivery.export, problem, period, scan.delivery.folder)
        elif not _is_known_zero(scan):
            problem = (
                f"the first row is of {own}, not of {period} as its folder; {period} is counted if it has rows of SES"
            )
            yield Gap(scan.delivery.export, problem, period, scan.delivery.folder)


def _of_part_months(chosen: Iterable[Claim]) -> Iterator[Gap]:
    """Names what counts although it was delivered before its month ended."""
    for claim in chosen:
        delivery = claim.scan.delivery
        if claim.is_partial:
            problem = (
                f"{claim.period} was delivered on {delivery.issued_at:%Y-%m-%d}, before the month ended: what came "
                "later is not in it, so Cost Explorer counts in its place where it has the whole month; export it again"
            )
            yield Gap(delivery.export, problem, claim.period, delivery.folder, claim.rows)


def _of_accounts(scanner: Scanner) -> Iterator[Gap]:
    """Puts back the zeros that account ids lost when a spreadsheet took them for numbers; names ids that are none."""
    lost = f"regexp_full_match(account, '{SHORT_ID}')"
    for scan, period, lines, _ in _by_month(scanner, lost):
        problem = "rows have account ids of 10 or 11 digits, which lost zeros in front; they were put back"
        yield Gap(scan.delivery.export, problem, period, scan.delivery.folder, lines)
    scanner.db.execute(f"UPDATE lines SET account = {whole_id('account')}")
    for scan, period, lines, example in _by_month(scanner, "NOT regexp_full_match(account, '[0-9]{12}')", "account"):
        problem = f"rows have what is no 12-digit account id, such as {one_line(example):.60}; it is kept as it is"
        yield Gap(scan.delivery.export, problem, period, scan.delivery.folder, lines)


def _of_categories(scanner: Scanner) -> Iterator[Gap]:
    """Makes the table ``categories`` of all types of lines there are; unknown ones are adjustments."""
    scanner.db.execute(
        "CREATE TEMP TABLE categories (delivery INTEGER, line_type VARCHAR, bill_type VARCHAR, category VARCHAR)"
    )
    formats = {scan.number: scan.format for scan in scanner.scans}
    types = scanner.db.execute("SELECT DISTINCT delivery, line_type, bill_type FROM lines ORDER BY ALL").fetchall()
    for number, line_type, bill_type in types:
        category = formats[number].category(line_type, bill_type)
        scanner.db.execute(
            "INSERT INTO categories VALUES (?, ?, ?, ?)", [number, line_type, bill_type, category or ADJUSTMENT]
        )
        if category is None:
            unknown = f"delivery = {number} AND line_type = {sql_text(line_type)} AND bill_type = {sql_text(bill_type)}"
            for scan, period, lines, _ in _by_month(scanner, unknown):
                shown = one_line(line_type or NONE)
                problem = f"rows have the type {shown:.60}, which is not known; they count as {ADJUSTMENT}"
                yield Gap(scan.delivery.export, problem, period, scan.delivery.folder, lines)


_AMOUNT_NAMES = {"billed": "billed cost", "effective": "effective cost", "listed": "list cost", "quantity": "quantity"}


def _of_values(scanner: Scanner) -> Iterator[Gap]:
    """Names values that are missing or cannot be read, and what is not added up."""
    for name in AMOUNTS:
        for scan, period, lines, _ in _by_month(scanner, f"{name}_bad > 0", lines=f"{name}_bad"):
            problem = f"rows have a {_AMOUNT_NAMES[name]} that is no number; that of their charges is not known"
            yield Gap(scan.delivery.export, problem, period, scan.delivery.folder, lines)
    for scan, period, lines, _ in _by_month(
        scanner, "billed_known + billed_bad < lines", lines="lines - billed_known - billed_bad"
    ):
        problem = "rows have no billed cost; that of their charges is not known"
        yield Gap(scan.delivery.export, problem, period, scan.delivery.folder, lines)
    for scan, period, lines, _ in _by_month(scanner, f"currency = {sql_text(NONE)}"):
        problem = f"rows have no currency, or no code of three letters for it; it is {NONE} in their charges"
        yield Gap(scan.delivery.export, problem, period, scan.delivery.folder, lines)
    for period, currencies in scanner.db.execute(
        "SELECT period, list(DISTINCT currency ORDER BY currency) AS all_of_them FROM lines GROUP BY ALL "
        "HAVING len(all_of_them) > 1 ORDER BY ALL"
    ).fetchall():
        shown = ", ".join(map(one_line, currencies))
        export = next(scan.delivery.export for scan in scanner.scans)
        yield Gap(
            export, f"charges are in several currencies ({shown:.80}); they are kept apart and never added", period
        )


def _by_month(
    scanner: Scanner, condition: str, example: str = "NULL", *, lines: str = "lines"
) -> list[tuple[Scan, str, int, str | None]]:
    """Where lines meet a condition: the scan, the billing period, how many, and an example."""
    scans = {scan.number: scan for scan in scanner.scans}
    found = scanner.db.execute(
        f"SELECT delivery, period, sum({lines})::BIGINT, min({example}) FROM lines WHERE {condition} "
        "GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    return [(scans[number], period, rows, one) for number, period, rows, one in found]


# --- frames

_UNITS = ("consumed_unit", "pricing_unit")
_KEYS = "period, account, region, usage_type, category, currency"
_CHARGES = f"""
    WITH described AS (
        SELECT {_KEYS}, description, sum(lines) AS lines, bool_or(partial) AS partial,
            {", ".join(f"sum({name}) AS {name}, sum({name}_known) AS {name}_known" for name in AMOUNTS)},
            {", ".join(f"min(coalesce({n}, '')) AS {n}_least, max(coalesce({n}, '')) AS {n}_most" for n in _UNITS)}
        FROM lines JOIN categories USING (delivery, line_type, bill_type)
            JOIN chosen USING (delivery, period, payer)
        GROUP BY {_KEYS}, description
    ), charges AS (
        SELECT {_KEYS}, first(description ORDER BY description IS NULL, lines DESC, description) AS description,
            bool_or(partial) AS is_partial,
            {", ".join(f"CASE WHEN sum({n}_known) = sum(lines) THEN sum({n}) END AS {n}" for n in AMOUNTS)},
            {", ".join(f"CASE WHEN min({n}_least) = max({n}_most) THEN min({n}_least) END AS {n}" for n in _UNITS)}
        FROM described GROUP BY {_KEYS}
    )
    SELECT period AS billing_period, account AS sub_account_id, region AS region_id, usage_type,
        category AS charge_category, currency AS billing_currency, billed AS billed_cost, effective AS effective_cost,
        listed AS list_cost, CASE WHEN consumed_unit IS NOT NULL THEN quantity END AS consumed_quantity,
        nullif(consumed_unit, '') AS consumed_unit, nullif(pricing_unit, '') AS pricing_unit, description, is_partial
    FROM charges ORDER BY {_KEYS}
"""
"""A sum is known where every line's amount is, and a quantity where all lines have one unit."""


def _months(chosen: Sequence[Claim]) -> pd.DataFrame:
    read: dict[tuple[int, str], list[Claim]] = defaultdict(list)
    for claim in chosen:
        read[claim.scan.number, claim.period].append(claim)
    rows = [
        {
            "period": period,
            "format": claims[0].scan.format.name,
            "export": claims[0].scan.delivery.export,
            "files": len(claims[0].scan.files),
            "rows": claims[0].scan.rows,
            "ses_rows": sum(claim.rows for claim in claims),
            "issued_at": claims[0].scan.delivery.issued_at,
            "is_partial": claims[0].is_partial,
            "sha256": claims[0].scan.sha256,
        }
        for (_, period), claims in read.items()
    ]
    return MONTHS.from_rows(sorted(rows, key=lambda row: (row["period"], row["export"], row["sha256"])))


def _gap_frame(gaps: Iterable[Gap]) -> pd.DataFrame:
    ordered = sorted(set(gaps), key=lambda gap: (gap.export, gap.period or "", gap.file or "", gap.problem))
    return GAPS.from_rows(
        {"export": gap.export, "period": gap.period, "file": gap.file, "problem": gap.problem, "rows": gap.rows}
        for gap in ordered
    )
