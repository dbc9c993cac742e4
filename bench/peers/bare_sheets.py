"""What libraries alone take: ``read FILE`` goes through its rows with calamine, ``copy FILE`` copies with openpyxl."""

import io
import json
import sys
import time
from pathlib import Path


def main(what: str, file: str) -> None:
    import openpyxl
    from python_calamine import CalamineWorkbook

    content = Path(file).read_bytes()
    began, cpu = time.monotonic(), time.process_time()
    if what == "read":
        rows = sum(1 for _ in CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).iter_rows())
    else:
        book = openpyxl.load_workbook(io.BytesIO(content))
        rows = book.worksheets[0].max_row
        book.save(io.BytesIO())
    print(json.dumps({"rows": rows, "seconds": time.monotonic() - began, "cpu_seconds": time.process_time() - cpu}))


if __name__ == "__main__":
    main(*sys.argv[1:])
