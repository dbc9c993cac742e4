"""Logs: one JSON object a line, without secrets and without people's data.

What is passed as ``extra`` is logged as it is, so callers pass ids, names and counts. Messages and tracebacks are
searched for addresses, tokens and link paths, which are replaced.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Final

_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_REDACTIONS: Final = (
    (re.compile(r"xox[a-z]-[\w-]+|xapp-[\w-]+"), "[token]"),
    (re.compile(r"(?i)bearer\s+\S+"), "Bearer [token]"),
    (re.compile(r"/(i|s|j|c|p|sign-in)/[\w-]{20,}"), r"/\1/[link]"),
    (re.compile(r"[^\s<>\"'(),;:=\[\]]{1,254}@[\w-]+(?:\.[\w-]+)+"), "[address]"),
    (re.compile(r"\?[^\s\"']*"), "?[query]"),
    (re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+@"), "[login]@"),
    # SQLAlchemy writes a statement's values on one line, PostgreSQL the row that it refuses.
    (re.compile(r"\[parameters: .*"), "[parameters]"),
    (re.compile(r"DETAIL: .*"), "DETAIL: [row]"),
)


def redacted(text: str) -> str:
    for pattern, instead in _REDACTIONS:
        text = pattern.sub(instead, text)
    return text


class JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "from": record.name,
            "message": redacted(record.getMessage()),
        }
        line |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            line["traceback"] = redacted(self.formatException(record.exc_info))
        return json.dumps(line, default=str, ensure_ascii=False)


def start_logging(level: str) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # Whole messages, requests and SQL parameters stand in these at their chatty levels.
    for name in ("aioimaplib", "aiosmtplib", "slack_bolt", "slack_sdk", "sqlalchemy", "dbos", "asyncio", "uvicorn"):
        logging.getLogger(name).setLevel(max(logging.WARNING, logging.getLevelName(level)))
    _redact_engine()


def _redact_engine() -> None:
    """DBOS gives its logger a console handler of its own, and stops it from reaching ours, if it finds none there."""
    engine = logging.getLogger("dbos")
    for former in engine.handlers[:]:
        engine.removeHandler(former)
    engine.addHandler(logging.NullHandler())
    engine.propagate = True
