"""Which tables are ours. On SQLite the background engine keeps its own tables, without a prefix, in the same file."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from core.database import UtcDateTime

ENGINE_TABLES: Final = frozenset(
    {
        "application_versions", "dbos_migrations", "event_dispatch_kv", "notifications", "operation_outputs", "queues",
        "scheduler_state", "streams", "transaction_outputs", "workflow_events", "workflow_events_history",
        "workflow_input", "workflow_output", "workflow_queue", "workflow_schedules", "workflow_status",
    }
)  # fmt: skip


def include_name(name: str | None, kind: str, _parents: Mapping[Any, str | None]) -> bool:
    return not (kind == "table" and name in ENGINE_TABLES)


def render_item(kind: str, item: object, _context: object) -> str | Literal[False]:
    """Migrations outlive the code: they name the database's types, not ours."""
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False
