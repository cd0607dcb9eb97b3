"""The local replacement of Cloud Scheduler."""

import asyncio
import http.client
import urllib.request
from dataclasses import dataclass

from infra.local.processes import Report

TIMEOUT = 60.0


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """Calls a function periodically, with a POST without a body to its root, as Cloud Scheduler does."""

    name: str
    url: str
    interval: float
    report: Report

    async def keep(self) -> None:
        """Call until cancelled, the first time after one interval."""
        while True:
            await asyncio.sleep(self.interval)
            try:
                await asyncio.to_thread(self._call)
            except (OSError, http.client.HTTPException) as error:
                self.report(self.name, f"the scheduled call failed: {error}")

    def _call(self) -> None:
        request = urllib.request.Request(self.url, method="POST", data=b"")  # noqa: S310 - our own function's address
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:  # noqa: S310 - the same
            response.read()
