"""Middleware for every request: its id, the version header, and one log entry."""

import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared import logs

# Letters, digits and the punctuation of UUIDs, trace ids and the like; nothing that could forge a log line.
SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._~:/+=-]{1,128}")
# https://www.w3.org/TR/trace-context/#traceparent-header: ids of only zeros are invalid, as is version ff
_TRACEPARENT = re.compile(r"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})")
# https://cloud.google.com/trace/docs/trace-context#legacy-http-header
_CLOUD_TRACE = re.compile(r"(?!0{32})([0-9a-f]{32})(?:/([0-9]{1,20}))?(?:;o=([0-9]))?")
_SPANS = range(1, 2**64)
# Characters that a path can contain in addition to letters and digits (RFC 3986, 3.3).
_PATH_SIGNS = "/-._~!$&'()*+,;=:@%"

_MAX_LOGGED_LENGTH = 1000  # of a path, in characters

_KEY = "muster.request"


@dataclass(kw_only=True)
class RequestRecord:
    """The data of a request's log entry; fields with defaults are set while the request is served.

    In the path, all characters that a path cannot contain are percent-encoded, because line breaks and escape
    sequences could forge lines on a terminal.
    """

    request_id: str
    method: str
    path: str
    trace: logs.Trace | None = None
    route: str | None = None
    organization_id: str | None = None
    key_id: str | None = None
    event_id: str | None = None
    status: int = 0
    error: Exception | None = None


def record_of(scope: Scope) -> RequestRecord:
    """Return the record of the current request."""
    record: RequestRecord = scope[_KEY]
    return record


class RequestLog:
    """Gives each request an id, adds it and the API's version to the response, and logs the request once."""

    def __init__(self, app: ASGIApp, *, new_id: Callable[[], str], project: str) -> None:
        self._app = app
        self._new_id = new_id
        self._project = project

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request (ASGI)."""
        started = time.perf_counter()
        headers = dict(reversed(scope["headers"]))  # if a header occurs twice, the first one counts
        given = headers.get(b"x-request-id", b"").decode("latin-1")
        record = RequestRecord(
            request_id=given if SANE_REQUEST_ID.fullmatch(given) else self._new_id(),
            method=scope["method"],
            path=quote(scope["raw_path"], safe=_PATH_SIGNS),
            trace=_trace(headers),
        )
        scope[_KEY] = record
        logs.REQUEST_ID.set(record.request_id)

        async def send_marked(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                marks = ((b"x-request-id", record.request_id.encode()), (b"x-api-version", b"v1"))
                message = {**message, "headers": [*message["headers"], *marks]}
            await send(message)

        try:
            await self._app(scope, receive, send_marked)
        finally:
            self._log(record, milliseconds=(time.perf_counter() - started) * 1000)
            record.error = None  # breaks the reference cycle with its traceback, whose frames have the record

    def _log(self, record: RequestRecord, *, milliseconds: float) -> None:
        fields: dict[str, Any] = {
            "method": record.method,
            "route": record.route,
            "status": record.status,
            "milliseconds": round(milliseconds, 2),
            "organization_id": record.organization_id,
            "key_id": record.key_id,
        }
        if record.event_id is not None:
            fields["event_id"] = record.event_id
        if record.trace is not None:
            fields |= record.trace.fields(self._project)
        severity = logging.INFO if record.error is None else logging.WARNING
        if record.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            severity = logging.ERROR
        message = f"{record.method} {record.path[:_MAX_LOGGED_LENGTH]} {record.status}"
        logs.log(severity, message, fields, error=record.error)


def _trace(headers: Mapping[bytes, bytes]) -> logs.Trace | None:
    given = headers.get(b"traceparent", b"").decode("latin-1")
    if match := _TRACEPARENT.fullmatch(given):
        return logs.Trace(match[1], match[2], sampled=bool(int(match[3], 16) & 1))
    given = headers.get(b"x-cloud-trace-context", b"").decode("latin-1")
    if match := _CLOUD_TRACE.fullmatch(given):
        span = int(match[2] or 0)
        return logs.Trace(match[1], f"{span:016x}" if span in _SPANS else None, sampled=match[3] == "1")
    return None
