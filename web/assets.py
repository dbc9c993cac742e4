"""The style sheet and the icon, served from memory under names that change with their content."""

import hashlib
from pathlib import Path

from msgspec import Struct
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"
_MEDIA_TYPES = {".css": "text/css; charset=utf-8", ".svg": "image/svg+xml"}
# A changed file has another name, so that a browser need never ask again.
_FOR_A_YEAR = {"Cache-Control": "public, max-age=31536000, immutable"}


class Asset(Struct, frozen=True):
    hashed_name: str
    media_type: str
    content: bytes


class Assets:
    def __init__(self, folder: Path = FOLDER) -> None:
        files = sorted(path for path in folder.iterdir() if path.suffix in _MEDIA_TYPES)
        self._by_name = {path.name: _asset(path) for path in files}
        self._by_hashed_name = {asset.hashed_name: asset for asset in self._by_name.values()}

    def path(self, name: str) -> str:
        """Where the browser finds the file called ``name`` in the folder."""
        return f"/static/{self._by_name[name].hashed_name}"

    async def serve(self, request: Request) -> Response:
        asset = self._by_hashed_name.get(request.path_params["name"])
        if asset is None:
            raise HTTPException(404)
        return Response(asset.content, media_type=asset.media_type, headers=_FOR_A_YEAR)


def _asset(path: Path) -> Asset:
    content = path.read_bytes()
    digest = hashlib.sha256(content).hexdigest()[:12]
    return Asset(f"{path.stem}-{digest}{path.suffix}", _MEDIA_TYPES[path.suffix], content)
