"""Statements that take whole sets of rows by name, so that a long statement has no numbered parameters.

`{parties}` in the SQL becomes `unnest($2::bigint[], $3::text[], …) AS parties (account_id, answer, …)`,
`{now}` becomes `$1`: one array a column, the fastest way to hand PostgreSQL many rows at once.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from backend import db


class Recordset:
    """The columns of a set of rows: names and PostgreSQL types, as `Recordset(id="bigint", name="text")`."""

    def __init__(self, **columns: str) -> None:
        self.columns = columns

    def sql(self, name: str, first: int) -> str:
        """The table expression; `first` is the number of its first parameter."""
        arrays = (f"${number}::{kind}[]" for number, kind in enumerate(self.columns.values(), first))
        return f"unnest({', '.join(arrays)}) AS {name} ({', '.join(self.columns)})"

    def arrays(self, rows: Sequence[Mapping[str, Any]]) -> list[list[Any]]:
        """The rows as one list a column. Raises `KeyError` for a row that lacks a column."""
        return [[row[name] for row in rows] for name in self.columns]


class Statement:
    """A statement with named parameters: `values` are single ones (name: PostgreSQL type), the others are
    sets of rows."""

    def __init__(self, sql: str, values: Mapping[str, str], **recordsets: Recordset) -> None:
        self._values, self._recordsets = tuple(values), recordsets
        texts = {name: f"${number}::{kind}" for number, (name, kind) in enumerate(values.items(), 1)}
        number = len(values) + 1
        for name, recordset in recordsets.items():
            texts[name] = recordset.sql(name, number)
            number += len(recordset.columns)
        self.sql = sql.format(**texts)

    def parameters(self, **given: Any) -> list[Any]:
        """The parameters in the order of their numbers. Raises `KeyError` when one is missing."""
        parameters: list[Any] = [given[name] for name in self._values]
        for name, recordset in self._recordsets.items():
            parameters += recordset.arrays(given[name])
        return parameters

    async def execute(self, **given: Any) -> int:
        """Run it inside the caller's transaction; how many rows it changed."""
        return await db.execute(self.sql, *self.parameters(**given))
