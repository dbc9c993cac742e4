"""How every process speaks to the background engine: one application, one version, plain JSON."""

from typing import Final

from dbos import DBOSClient, DBOSPortableJSONSerializer

from core.jobs import JobKind

APPLICATION: Final = "usher"
# Never raised: the engine runs a job only where its version is the same, and the default is a hash of the code,
# so that each deployment would strand what waits (measured).
VERSION: Final = "1"
# The engine's own default is pickle.
SERIALIZER: Final = DBOSPortableJSONSerializer()

QUEUES: Final = {
    JobKind.SEND_MAIL: "mail",
    JobKind.SEND_SLACK: "slack",
    JobKind.RUN_IMPORT: "imports",
    JobKind.RUN_ORDER: "imports",
    # Files of either kind are read one after the other.
    JobKind.RUN_REPORT: "imports",
}


def open_client(database_url: str) -> DBOSClient:
    """Connects when it is first used. It never migrates: see ``engine.migrate``."""
    return DBOSClient(
        system_database_url=database_url,
        serializer=SERIALIZER,
        application_name=APPLICATION,
        system_database_pool_size=2,
        lazy=True,
    )
