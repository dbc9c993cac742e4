"""The HTTP side that the app calls: /api/<method>, uploads, downloads, response_url, OAuth and the socket."""

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable
from types import MappingProxyType
from urllib.parse import urlencode

from aiohttp import web

from usher.demo.slack import api_chat, api_files, api_people, api_views
from usher.demo.slack.api_files import receive_upload
from usher.demo.slack.api_responses import respond
from usher.demo.slack.calls import Call, read_arguments
from usher.demo.slack.errors import SlackError
from usher.demo.slack.faults import CutBody, Faults, Hang, Refusal, ServerError, TooManyRequests
from usher.demo.slack.inspection import JsonObject
from usher.demo.slack.rates import RateLimits, Tier
from usher.demo.slack.records import Consent, JournalEntry, Team
from usher.demo.slack.socket_mode import SocketHub
from usher.demo.slack.workspace import Workspaces

METHODS = MappingProxyType({**api_chat.METHODS, **api_files.METHODS, **api_people.METHODS, **api_views.METHODS})
RETIRED = frozenset({"files.upload"})
MOST_UPLOAD_BYTES = 32 * 1024 * 1024


class WebApi:
    def __init__(self, workspace: Workspaces, hub: SocketHub, rates: RateLimits, faults: Faults) -> None:
        self._workspace = workspace
        self._hub = hub
        self._rates = rates
        self._faults = faults

    def routes(self) -> list[web.RouteDef]:
        return [
            web.route("*", "/api/{method}", self._serve_call),
            web.post("/upload/v1/{file_id}", self._serve_upload),
            web.get("/files-pri/{key}/download/{name}", self._serve_download),
            web.post("/response/{team_id}/{key}", self._serve_response),
            web.get("/oauth/v2/authorize", self._serve_authorize),
            web.get("/sign-in", self._serve_sign_in),
            web.get("/link", self._hub.serve),
        ]

    # The Web API

    async def _serve_call(self, request: web.Request) -> web.StreamResponse:
        method = request.match_info["method"]
        return await self._faulty(request, method, lambda: self._answer(request, method))

    async def _answer(self, request: web.Request, method: str) -> web.Response:
        arguments: JsonObject = {}
        team: Team | None = None
        status, headers = 200, {}
        answer: JsonObject = {}
        try:
            arguments = await read_arguments(request)
            token = _token(request, arguments)
            team = self._workspace.team_of_token(token)
            answer = {"ok": True} | self._run(request, method, token, arguments)
        except SlackError as refusal:
            answer = {"ok": False, "error": refusal.code, **refusal.details}
            if refusal.code == "ratelimited":
                status, headers = 429, {"Retry-After": str(answer.pop("retry_after"))}
        self._record(method, arguments, team, status, answer)
        scopes = {"x-oauth-scopes": ",".join(team.scopes)} if team else {}
        return web.json_response(answer, status=status, headers=headers | scopes)

    def _run(self, request: web.Request, method: str, token: str, arguments: JsonObject) -> JsonObject:
        if method == "api.test":
            return {"args": {key: value for key, value in arguments.items() if key != "token"}}
        if method == "oauth.v2.access":
            return self._exchange_code(request, arguments)
        if method == "apps.connections.open":
            return self._open_connection(token)
        return self._run_for_team(method, token, arguments)

    def _run_for_team(self, method: str, token: str, arguments: JsonObject) -> JsonObject:
        known = METHODS.get(method)
        if known is None:
            raise SlackError("method_deprecated" if method in RETIRED else "unknown_method")
        team = self._authenticate(token)
        if known.scope and known.scope not in team.scopes:
            raise SlackError("missing_scope", needed=known.scope, provided=",".join(team.scopes))
        self._count(method, team.id, known.tier)
        return known.run(Call(self._workspace, self._rates, team, arguments))

    def _authenticate(self, token: str) -> Team:
        if not token:
            raise SlackError("not_authed")
        if token == self._workspace.app.app_token:
            raise SlackError("not_allowed_token_type")
        team = self._workspace.team_of_token(token)
        if team is None:
            raise SlackError("invalid_auth")
        if team.is_token_revoked:
            raise SlackError("token_revoked")
        return team

    def _count(self, method: str, team_id: str, tier: Tier) -> None:
        wait = self._rates.wait_for_call(method, team_id, tier)
        if wait:
            raise SlackError("ratelimited", retry_after=wait)

    def _open_connection(self, token: str) -> JsonObject:
        app = self._workspace.app
        if not token:
            raise SlackError("not_authed")
        if token != app.app_token:
            is_bot = self._workspace.team_of_token(token) is not None
            raise SlackError("not_allowed_token_type" if is_bot else "invalid_auth")
        self._count("apps.connections.open", app.app_id, Tier.THREE)
        return {"url": self._hub.issue_url()}

    def _exchange_code(self, request: web.Request, arguments: JsonObject) -> JsonObject:
        app = self._workspace.app
        basic = request.headers.get("Authorization", "")
        if basic.startswith("Basic "):
            login = base64.b64decode(basic.removeprefix("Basic ")).decode().partition(":")
            arguments = arguments | {"client_id": login[0], "client_secret": login[2]}
        if arguments.get("client_id") != app.client_id:
            raise SlackError("invalid_client_id")
        if arguments.get("client_secret") != app.client_secret:
            raise SlackError("bad_client_secret")
        consent = self._workspace.oauth_codes.pop(str(arguments.get("code")), None)
        if consent is None:
            raise SlackError("invalid_code")
        if arguments.get("redirect_uri") != consent.redirect_uri:
            raise SlackError("bad_redirect_uri")
        return self._installation(consent.team_id, consent.user_id)

    def _installation(self, team_id: str, user_id: str) -> JsonObject:
        team = self._workspace.teams[team_id]
        if team.is_token_revoked:
            team.bot_token = self._workspace.ids.next(f"xoxb-{team_id}-")
            team.is_token_revoked = False
        return {
            "access_token": team.bot_token,
            "token_type": "bot",
            "scope": ",".join(team.scopes),
            "bot_user_id": team.bot_user_id,
            "app_id": self._workspace.app.app_id,
            "team": {"id": team.id, "name": team.name},
            "enterprise": team.enterprise(),
            "authed_user": {"id": user_id},
            "is_enterprise_install": team.is_enterprise_install,
        }

    def _record(self, method: str, arguments: JsonObject, team: Team | None, status: int, answer: JsonObject) -> None:
        """Without the secrets: the journal is shown to people."""
        shown = {key: value for key, value in arguments.items() if key not in {"token", "client_secret"}}
        team_id = team.id if team else None
        entry = JournalEntry(method, shown, self._workspace.now(), team_id, status, answer)
        self._workspace.journal.append(entry)

    # Outside the Web API

    async def _serve_upload(self, request: web.Request) -> web.StreamResponse:
        return await self._faulty(request, "files.upload", lambda: self._upload(request))

    async def _upload(self, request: web.Request) -> web.Response:
        try:
            text = receive_upload(self._workspace, request.match_info["file_id"], await _uploaded_bytes(request))
        except SlackError as refusal:
            return web.Response(text=refusal.code, status=400)
        return web.Response(text=text)

    async def _serve_download(self, request: web.Request) -> web.StreamResponse:
        return await self._faulty(request, "files.download", lambda: self._download(request))

    async def _download(self, request: web.Request) -> web.Response:
        """Without a good token Slack answers with its sign-in page, not with an error."""
        team_id, _, file_id = request.match_info["key"].partition("-")
        team = self._workspace.team_of_token(_token(request, {}))
        allowed = team and team.id == team_id and not team.is_token_revoked and "files:read" in team.scopes
        if not allowed:
            raise web.HTTPFound("/sign-in")
        file = self._workspace.files.get(file_id)
        if file is None:
            return web.Response(status=404, text="file_not_found")
        return web.Response(body=file.content, content_type=file.full_json()["mimetype"])

    async def _serve_sign_in(self, request: web.Request) -> web.StreamResponse:
        return web.Response(text="<!DOCTYPE html><title>Sign in to Slack</title>", content_type="text/html")

    async def _serve_response(self, request: web.Request) -> web.StreamResponse:
        return await self._faulty(request, "response_url", lambda: self._respond(request))

    async def _respond(self, request: web.Request) -> web.Response:
        body: JsonObject = {}
        team = self._workspace.teams.get(request.match_info["team_id"])
        try:
            body = await read_arguments(request)
            respond(self._workspace, request.match_info["key"], body)
        except SlackError as refusal:
            status = 404 if refusal.code in {"expired_url", "used_url", "no_service"} else 200
            answer = {"ok": False, "error": refusal.code, **refusal.details}
            self._record("response_url", body, team, status, answer)
            return web.json_response(answer, status=status)
        self._record("response_url", body, team, 200, {"ok": True})
        return web.Response(text="ok")

    async def _serve_authorize(self, request: web.Request) -> web.StreamResponse:
        """The consent page, with somebody who always agrees: the first person of the team in `team`."""
        if request.query.get("client_id") != self._workspace.app.client_id:
            return web.Response(status=400, text="invalid_client_id")
        team_id = request.query.get("team") or next(iter(self._workspace.teams))
        people = [user for user in self._workspace.users.values() if user.team_id == team_id]
        code = self._workspace.ids.next("code-")
        self._workspace.oauth_codes[code] = Consent(team_id, people[-1].id, request.query["redirect_uri"])
        answer = urlencode({"code": code, "state": request.query.get("state", "")})
        raise web.HTTPFound(f"{request.query['redirect_uri']}?{answer}")

    # Faults on demand

    async def _faulty(
        self, request: web.Request, name: str, answer: Callable[[], Awaitable[web.Response]]
    ) -> web.StreamResponse:
        fault = self._faults.take(name)
        match fault:
            case TooManyRequests(retry_after):
                refusal = {"ok": False, "error": "ratelimited"}
                self._record(name, {}, None, 429, refusal)
                return web.json_response(refusal, status=429, headers={"Retry-After": str(retry_after)})
            case ServerError(status):
                self._record(name, {}, None, status, {})
                return web.Response(status=status, text="upstream connect error")
            case Refusal(error):
                refusal = {"ok": False, "error": error}
                self._record(name, {}, None, 200, refusal)
                return web.json_response(refusal)
            case CutBody():
                return await _cut(request, await answer())
            case Hang(seconds):
                complete = await answer()
                await asyncio.sleep(seconds)
                return complete
        return await answer()


def _token(request: web.Request, arguments: JsonObject) -> str:
    header = request.headers.get("Authorization", "")
    return header.removeprefix("Bearer ") if header.startswith("Bearer ") else str(arguments.get("token", ""))


async def _uploaded_bytes(request: web.Request) -> bytes:
    """The file is the body itself, or one part of a form."""
    if request.content_type != "multipart/form-data":
        return await request.read()
    for part in (await request.post()).values():
        if isinstance(part, web.FileField):
            return part.file.read()
    return b""


async def _cut(request: web.Request, complete: web.Response) -> web.StreamResponse:
    """Promises the whole body, sends half of it and drops the line."""
    body = complete.body if isinstance(complete.body, bytes) else json.dumps({"ok": True}).encode()
    headers = {"Content-Length": str(len(body)), "Content-Type": "application/json"}
    half = web.StreamResponse(headers=headers)
    await half.prepare(request)
    await half.write(body[: len(body) // 2])
    if request.transport:
        request.transport.close()
    return half
