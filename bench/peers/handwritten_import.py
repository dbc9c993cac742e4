"""The peer of B1a: what somebody writes in an afternoon. openpyxl, a few checks, one statement a row, one transaction.

``python -m bench.peers.handwritten_import FILE.xlsx DATABASE-URL``. No audit, no encryption, no undo, no reasons.
"""

import json
import re
import sqlite3
import sys
import time
from typing import Any

import openpyxl
import psycopg

_WIDTH = 17
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_POSTCODE = re.compile(r"[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][A-Z]{2}")
_ULN = 11
_MANDATORY = (0, 2, 3, 9)


def main(file: str, url: str) -> None:
    began, cpu = time.monotonic(), time.process_time()
    is_sqlite = url.startswith("sqlite")
    connection: Any = (
        sqlite3.connect(url.removeprefix("sqlite:///"))
        if is_sqlite
        else psycopg.connect(url.replace("postgresql+psycopg", "postgresql"))
    )
    mark = "?" if is_sqlite else "%s"
    columns = ", ".join(f"c{place} TEXT" for place in range(_WIDTH))
    connection.execute(f"CREATE TABLE peer_handwritten ({columns})")
    connection.execute(f"CREATE UNIQUE INDEX peer_uln ON peer_handwritten (c{_ULN})")
    insert = f"INSERT INTO peer_handwritten VALUES ({', '.join([mark] * _WIDTH)})"
    changes = ", ".join(f"c{place} = {mark}" for place in range(_WIDTH))
    update = f"UPDATE peer_handwritten SET {changes} WHERE c{_ULN} = {mark}"
    find = f"SELECT 1 FROM peer_handwritten WHERE c{_ULN} = {mark}"
    count = 0
    sheet = openpyxl.load_workbook(file, read_only=True).worksheets[0]
    for cells in sheet.iter_rows(min_row=2, values_only=True):
        row = [str(cell).strip() if cell is not None else None for cell in (*cells, *(None,) * _WIDTH)[:_WIDTH]]
        if not _is_good(row):
            continue
        if connection.execute(find, (row[_ULN],)).fetchone():
            connection.execute(update, (*row, row[_ULN]))
        else:
            connection.execute(insert, row)
        count += 1
    connection.commit()
    figures = {
        "rows": count,
        "seconds": time.monotonic() - began,
        "cpu_seconds": time.process_time() - cpu,
    }
    print(json.dumps(figures))


def _is_good(row: list[str | None]) -> bool:
    if any(not row[place] for place in _MANDATORY):
        return False
    uln = row[_ULN] or ""
    return (
        _POSTCODE.fullmatch(row[9] or "") is not None
        and (not row[4] or _ADDRESS.fullmatch(row[4]) is not None)
        and (not uln or (uln.isdigit() and len(uln) == 10))
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
