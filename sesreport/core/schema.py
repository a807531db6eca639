"""The declared shape of every frame: columns, types, keys, three sample rows.

A frame is declared once, beside the function that makes it, as a :class:`Frame`; the declaration types new
frames, validates them on write and on load, and documents them. At rest a frame is Parquet with the Arrow
types given here; in memory it is a pandas DataFrame with nullable dtypes, so unknown is always ``NA``.

============  ==================  =====================================
column kind   at rest             in memory
============  ==================  =====================================
text          string              string (NA when unknown)
account_id    string, 12 digits   string
integer       int64               Int64
real          double              Float64
money         decimal128(38, 10)  decimal128(38, 10)[pyarrow]
flag          bool                boolean
at            timestamp[us, UTC]  datetime64[us, UTC]
texts         list<string>        list[pyarrow] (``frame.col.list``)
============  ==================  =====================================

Amounts of money, and quantities that are charged, are decimals: sums of doubles depend on the order of the rows.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import MAX_PREC, Context, Decimal
from functools import cached_property
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from sesreport.core.errors import SchemaError

Row = Mapping[str, Any]
"""The values of a row by column."""

MONEY = pa.decimal128(38, 10)
"""Ten decimal places, in which AWS states costs, and 28 digits before them."""
_KINDS: dict[str, pa.DataType] = {
    "text": pa.string(),
    "account_id": pa.string(),
    "integer": pa.int64(),
    "real": pa.float64(),
    "money": MONEY,
    "flag": pa.bool_(),
    "at": pa.timestamp("us", tz="UTC"),
    "texts": pa.list_(pa.string()),
}
_PYTHON: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "account_id": str,
    "integer": int,
    "real": (int, float),
    "money": (int, Decimal),
    "flag": bool,
    "at": datetime,
}
_ACCOUNT_ID = re.compile(r"[0-9]{12}", re.ASCII)
_DTYPES: dict[pa.DataType, Any] = {
    pa.string(): pd.StringDtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.float64(): pd.Float64Dtype(),
    MONEY: pd.ArrowDtype(MONEY),
    pa.bool_(): pd.BooleanDtype(),
    pa.list_(pa.string()): pd.ArrowDtype(pa.list_(pa.string())),
}
_NULLABLE: dict[pa.DataType, Any] = {**_DTYPES, pa.timestamp("us", tz="UTC"): pd.DatetimeTZDtype("us", "UTC")}


@dataclass(frozen=True)
class Column:
    """One column: its kind (see the module's table), what it means, and what must hold."""

    kind: str
    doc: str
    required: bool = False
    """No NA allowed."""
    minimum: float | None = None
    """Smallest legal value (0 for counts and shares)."""

    def holds(self, value: object) -> bool:
        """Whether a plain value is one of this column's."""
        if self.kind == "texts":
            return isinstance(value, list) and all(isinstance(one, str) for one in value)
        if self.kind == "account_id" and not (isinstance(value, str) and _ACCOUNT_ID.fullmatch(value)):
            return False
        if isinstance(value, bool) != (self.kind == "flag") or not isinstance(value, _PYTHON[self.kind]):
            return False
        if self.kind == "money" and not _is_money(Decimal(value)):  # type: ignore[arg-type]
            return False
        return self.minimum is None or not isinstance(value, int | float | Decimal) or not value < self.minimum


def text(doc: str, *, required: bool = False) -> Column:
    return Column("text", doc, required)


def account_id(doc: str, *, required: bool = False) -> Column:
    return Column("account_id", doc, required)


def integer(doc: str, *, required: bool = False, minimum: float | None = None) -> Column:
    return Column("integer", doc, required, minimum)


def count(doc: str, *, required: bool = False) -> Column:
    return Column("integer", doc, required, 0)


def real(doc: str, *, required: bool = False, minimum: float | None = None) -> Column:
    return Column("real", doc, required, minimum)


def money(doc: str, *, required: bool = False, minimum: float | None = None) -> Column:
    return Column("money", doc, required, minimum)


def flag(doc: str, *, required: bool = False) -> Column:
    return Column("flag", doc, required)


def at(doc: str, *, required: bool = False) -> Column:
    return Column("at", doc, required)


def texts(doc: str, *, required: bool = False) -> Column:
    return Column("texts", doc, required)


@dataclass(frozen=True)
class Frame:
    """One declared frame. ``keys`` come first, identify a row and are never NA."""

    name: str
    doc: str
    keys: Mapping[str, Column]
    columns: Mapping[str, Column]
    samples: Sequence[Mapping[str, Any]] = ()
    """Three rows as an analyst would meet them."""
    unique: bool = True
    """Whether the keys identify one row (an event log may repeat)."""

    @cached_property
    def all_columns(self) -> dict[str, Column]:
        return {**self.keys, **self.columns}

    @cached_property
    def arrow(self) -> pa.Schema:
        return pa.schema(
            [pa.field(n, _KINDS[c.kind], nullable=True, metadata={"doc": c.doc}) for n, c in self.all_columns.items()]
        )

    @cached_property
    def _types(self) -> pa.Schema:
        """The schema without what is said of columns: a table to compute with takes none of it along."""
        return pa.schema([(field.name, field.type) for field in self.arrow])

    def from_rows(self, rows: Iterable[Mapping[str, Any]]) -> pd.DataFrame:
        """A typed frame from plain rows; a missing field is NA, a field the frame lacks is an error."""
        rows = list(rows)
        known = self.all_columns.keys()
        lists = [name for name, column in self.all_columns.items() if column.kind == "texts"]
        for row in rows:
            for name in lists:
                if isinstance(row.get(name), str):  # Arrow would make a list of its letters
                    raise SchemaError(f"frame {self.name}: {name} is a text, not a list of texts")
            if row.keys() - known:
                raise SchemaError(f"frame {self.name}: no column {sorted(row.keys() - known)[0]!r}")
        try:
            try:
                table = pa.Table.from_pylist(rows, schema=self.arrow)
            except UnicodeEncodeError:
                table = pa.Table.from_pylist([_storable(row) for row in rows], schema=self.arrow)
        except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError) as error:
            raise SchemaError(f"frame {self.name}: {error}") from error
        return self.from_arrow(table)

    def fault(self, row: Mapping[str, Any]) -> str | None:
        """What keeps one row out of the frame, as ``column: what``; None for a row that fits."""
        for name, value in row.items():
            column = self.all_columns.get(name)
            if column is None:
                return f"there is no column {name}"
            if value is not None and not column.holds(value):
                return f"{name} is {type(value).__name__} {value!r:.40}, not {column.kind}"
        for name, column in self.all_columns.items():
            if row.get(name) is None and (column.required or name in self.keys):
                return f"{name} is missing"
        return None

    def distinct(self, rows: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
        """The rows, the last of those with one key; all of them where the keys need not identify one."""
        if not self.unique:
            return list(rows)
        return list({tuple(row.get(key) for key in self.keys): row for row in rows}.values())

    def empty(self) -> pd.DataFrame:
        """A frame without a row; what is written into it is in no other."""
        return self._nothing.copy(deep=False)

    @cached_property
    def _nothing(self) -> pd.DataFrame:
        return self.from_rows([])

    def to_arrow(self, frame: pd.DataFrame) -> pa.Table:
        """The frame as an Arrow table of the declared types.

        Raises SchemaError for a missing or surplus column, a wrong type, a broken key or value.
        """
        expected, found = list(self.all_columns), list(frame.columns)
        if expected != found:
            missing, surplus = set(expected) - set(found), set(found) - set(expected)
            raise SchemaError(
                f"frame {self.name}: columns differ (missing {sorted(missing)}, surplus {sorted(surplus)})"
                if missing or surplus
                else f"frame {self.name}: columns are out of order: {found}"
            )
        return self._table(frame)

    def _table(self, frame: pd.DataFrame) -> pa.Table:
        """The declared columns of a frame that has them; where they stand does not matter."""
        columns = [self._column(field, frame[field.name]) for field in self.arrow]
        return self._checked(pa.Table.from_arrays(columns, schema=self._types))

    def _column(self, field: pa.Field[Any], column: pd.Series) -> Any:
        """One column as Arrow has it; of a small frame all take half the time of ``pa.Table.from_pandas``."""
        values = column.array  # of which Arrow asks less than of a series
        try:
            return pa.array(values if hasattr(values, "__arrow_array__") else column, type=field.type, from_pandas=True)
        except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
            raise SchemaError(f"frame {self.name}: {field.name}: {error}") from error

    def from_arrow(self, table: pa.Table) -> pd.DataFrame:
        """The frame of a table of the declared types. Raises SchemaError for a broken key or value."""
        return nullable(self._checked(table))

    def conform(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame cast to the declared dtypes, columns in order, index dropped, and checked."""
        return nullable(self._table(frame))

    def _checked(self, table: pa.Table) -> pa.Table:
        """The same table, or SchemaError saying which column breaks which promise."""
        for name, column in self.all_columns.items():
            values = table[name]
            if (name in self.keys or column.required) and values.null_count:
                raise SchemaError(f"frame {self.name}: {name} is NA in {values.null_count} rows")
            if column.kind == "account_id":
                bad = values.filter(pc.invert(pc.match_substring_regex(values, r"\A[0-9]{12}\z")))
                if len(bad):
                    raise SchemaError(f"frame {self.name}: {name} {bad[0].as_py()!r} is not a 12-digit account id")
            least = None if column.minimum is None else pc.min(values).as_py()
            if least is not None and least < column.minimum:
                raise SchemaError(f"frame {self.name}: {name} is below {column.minimum:g}")
        if self.unique and len(table):
            counts = table.group_by(list(self.keys)).aggregate([([], "count_all")])
            if len(counts) < len(table):
                twice = counts.filter(pc.greater(counts["count_all"], pa.scalar(1))).select(list(self.keys))
                raise SchemaError(f"frame {self.name}: two rows with the key {twice.slice(0, 1).to_pylist()[0]}")
        return table


def nullable(table: pa.Table) -> pd.DataFrame:
    """An Arrow table as a frame with the nullable dtypes of this module's table."""
    plain = pa.schema([(field.name, _plain(field.type)) for field in table.schema])
    table = table.cast(plain)
    if len(set(plain.names)) < len(plain) or not _NULLABLE.keys() >= set(plain.types):
        frame: pd.DataFrame = table.to_pandas(types_mapper=_DTYPES.get)
        return frame
    # What to_pandas does, in half the time where the table is small.
    columns = zip(plain, table.columns, strict=True)
    return pd.DataFrame(
        {field.name: _NULLABLE[field.type].__from_arrow__(column) for field, column in columns},
        index=pd.RangeIndex(len(table)),
        copy=False,
    )


def is_nullable(frame: pd.DataFrame) -> bool:
    """Whether all columns have dtypes that :func:`nullable` gives."""
    return set(frame.dtypes) <= set(_NULLABLE.values())


def _plain(stored: pa.DataType) -> pa.DataType:
    """The type that is stored as this one: pandas writes some texts as large ones, Parquet names items of lists."""
    if pa.types.is_large_string(stored):
        return pa.string()
    return pa.list_(_plain(stored.value_type)) if pa.types.is_list(stored) else stored


def _is_money(value: Decimal) -> bool:
    """Whether a decimal is stored without loss: a number, with at most 28 digits before the point and 10 after it."""
    if not value.is_finite():
        return False
    exponent = value.normalize(Context(prec=MAX_PREC)).as_tuple().exponent
    return value.adjusted() < MONEY.precision - MONEY.scale and isinstance(exponent, int) and exponent >= -MONEY.scale


def _storable(row: Mapping[str, Any]) -> dict[str, Any]:
    r"""Lone surrogates, which JSON can carry and UTF-8 cannot, as the JSON escapes they came from (``\\ud800``)."""

    def storable(value: Any) -> Any:
        if isinstance(value, str):
            return value.encode("utf-8", "backslashreplace").decode()
        return [storable(part) for part in value] if isinstance(value, list) else value

    return {name: storable(value) for name, value in row.items()}
