"""How uvicorn runs the web door."""

import uvicorn
from starlette.types import ASGIApp

from core.settings import Settings


def server_config(web: ASGIApp, settings: Settings) -> uvicorn.Config:
    """Logging stays as the program has set it up."""
    host, _, port = settings.bind.rpartition(":")
    return uvicorn.Config(
        web,
        host=host.strip("[]"),
        port=int(port),
        # Paths hold links, and a link in a log is a key on the street.
        access_log=False,
        server_header=False,
        proxy_headers=True,
        forwarded_allow_ips=settings.forwarded_allow_ips,
        ws="none",
        log_config=None,
    )
