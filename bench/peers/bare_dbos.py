"""The background engine alone: imported, launched on a SQLite file, idle.

``python -m bench.peers.bare_dbos FILE``; prints "launched" and waits to be ended.
"""

import signal
import sys

from dbos import DBOS

if __name__ == "__main__":
    DBOS(config={"name": "bare", "system_database_url": f"sqlite:///{sys.argv[1]}", "log_level": "WARNING"})
    DBOS.launch()
    print("launched", flush=True)
    signal.sigwait({signal.SIGTERM})
    DBOS.destroy()
