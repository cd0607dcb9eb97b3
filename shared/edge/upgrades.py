"""Requests to switch a connection to another protocol (`Upgrade`), which functions ignore."""

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

_complete_headers = HttpToolsProtocol.on_headers_complete


def close_after_upgrades() -> None:
    """Make uvicorn close the connection after its response to a request with `Upgrade`.

    httptools does not read the body of such a request. uvicorn would take the body for the next request: with
    a proxy that shares connections, the response to that would be another client's (request smuggling).
    """
    HttpToolsProtocol.on_headers_complete = _close_after_upgrade  # type: ignore[assignment, method-assign]


def _close_after_upgrade(protocol: HttpToolsProtocol) -> None:
    _complete_headers(protocol)
    if protocol.parser.should_upgrade():
        protocol.cycle.keep_alive = False
