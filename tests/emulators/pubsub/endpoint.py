"""An HTTP server that push subscriptions deliver to."""

import json
import queue
import threading
from collections import deque
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


class Endpoint(ThreadingHTTPServer):
    """Records pushed messages, and responds with the given statuses, then with 204.

    Attributes:
        pushed: The envelopes, in the order of arrival.
        statuses: The statuses of the next responses.
    """

    daemon_threads = True

    def __init__(self, port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.pushed: queue.Queue[dict[str, Any]] = queue.Queue()
        self.statuses: deque[int] = deque()
        self.url = f"http://127.0.0.1:{self.server_port}/push"

    def __enter__(self) -> Self:
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, *details: object) -> None:
        self.shutdown()
        self.server_close()

    def next(self) -> dict[str, Any]:
        return self.pushed.get(timeout=10)


class _Handler(BaseHTTPRequestHandler):
    server: Endpoint

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.pushed.put(json.loads(body))
        status = self.server.statuses.popleft() if self.server.statuses else 204
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - the base class's name
        """Log nothing."""
