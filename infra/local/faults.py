"""Faults on demand: tests make RPCs fail, wait or lose their connection.

For each RPC, a server calls `Faults.take`, and applies the fault before and after its work:

    fault = faults.take("Commit", names)
    await strike(fault, "before", context)
    ...
    await strike(fault, "after", context)
"""

import asyncio
import contextlib
import math
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, fields
from typing import Any, Literal

import grpc
import grpc.aio

from infra.local.connections import cut

When = Literal["before", "after"]
Context = grpc.aio.ServicerContext[Any, Any]


@dataclass(slots=True)
class Fault:
    """A fault of the next `count` RPCs with a method and with a resource name that matches a pattern.

    Pub/Sub's push requests have the method `Push`. `duplicate` sends them twice, and affects no other method.

    Attributes:
        removed: is set when the faults are removed, which ends the delays of RPCs that already have one.
            `Faults.add` assigns it, and it is not in the JSON form.
    """

    method: str | None
    pattern: str
    count: int
    code: grpc.StatusCode | None
    when: When
    delay_ms: float
    disconnect: bool
    duplicate: bool
    removed: asyncio.Event = field(init=False)

    @classmethod
    def from_json(cls, spec: object) -> "Fault":
        """Return a fault from its JSON form; raise ValueError with the name of an invalid field."""
        if not isinstance(spec, dict):
            raise ValueError("a fault is a JSON object")  # noqa: TRY004 - what the client sent, not a bug
        unknown = set(spec) - set(cls._names())
        if unknown:
            raise ValueError(f"unknown field: {', '.join(sorted(unknown))}")
        fault = cls(
            method=_typed(spec, "method", str, None),
            pattern=_typed(spec, "pattern", str, ""),
            count=_typed(spec, "count", int, 1),
            code=_code(_typed(spec, "code", str, None)),
            when=_parse_when(_typed(spec, "when", str, "before")),
            delay_ms=_typed(spec, "delay_ms", (int, float), 0),
            disconnect=_typed(spec, "disconnect", bool, False),
            duplicate=_typed(spec, "duplicate", bool, False),
        )
        if fault.count < 1:
            raise ValueError("count: at least 1")
        if not 0 <= fault.delay_ms < math.inf:
            raise ValueError("delay_ms: a finite number, not below 0")
        return fault

    def to_json(self) -> dict[str, object]:
        """Return the fault's JSON form, with the remaining count."""
        shown: dict[str, object] = {name: getattr(self, name) for name in self._names()}
        shown["code"] = self.code.name if self.code else None
        return shown

    async def delay(self) -> None:
        """Wait for the fault's delay, or until the faults are removed."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self.delay_ms / 1000):
                await self.removed.wait()

    @classmethod
    def _names(cls) -> list[str]:
        """Return the names of the fields in the JSON form."""
        return [each.name for each in fields(cls) if each.init]

    def matches(self, method: str, names: Iterable[str]) -> bool:
        """Return whether the fault is for an RPC: the method is equal, and any name matches the pattern."""
        if self.method not in (None, method):
            return False
        return not self.pattern or any(self._found_in(name) for name in names)

    def _found_in(self, name: str) -> bool:
        if self.pattern in name:
            return True
        try:
            return re.search(self.pattern, name) is not None
        except re.error:
            return False


class Faults:
    """The faults that wait for RPCs."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._removed = asyncio.Event()

    def add(self, fault: Fault) -> None:
        """Add a fault, which waits for its RPCs."""
        fault.removed = self._removed
        self._waiting.append(fault)

    def clear(self) -> None:
        """Remove all faults, and end their delays."""
        self._waiting.clear()
        self._removed.set()
        self._removed = asyncio.Event()

    def listing(self) -> list[dict[str, object]]:
        """Return the faults that still wait, oldest first."""
        return [fault.to_json() for fault in self._waiting]

    def take(self, method: str, names: Callable[[], Iterable[str]]) -> Fault | None:
        """Return the oldest fault for this RPC, if any, and decrease its count by one.

        Args:
            method: The RPC's name without its service, such as `Commit`.
            names: Returns the resource names in the request; called only if a fault waits.
        """
        if not self._waiting:
            return None
        found = next((fault for fault in self._waiting if fault.matches(method, names())), None)
        if found is not None:
            found.count -= 1
            if found.count == 0:
                self._waiting.remove(found)
        return found


async def strike(fault: Fault | None, when: When, context: Context) -> None:
    """Apply a fault if this is its moment; abort the RPC, which raises, if it is to fail."""
    if fault is None or fault.when != when:
        return
    await fault.delay()
    if fault.disconnect:
        cut(context.peer())
        await context.abort(grpc.StatusCode.UNAVAILABLE, "connection cut on demand")
    if fault.code is not None:
        await context.abort(fault.code, f"{fault.code.name} on demand")


def _typed(spec: dict[str, Any], field: str, kind: type | tuple[type, ...], default: object) -> Any:  # noqa: ANN401 - JSON, checked here
    value = spec.get(field, default)
    wrong_number = isinstance(value, bool) and kind is not bool
    if value is not default and (wrong_number or not isinstance(value, kind)):
        raise ValueError(f"{field}: of the wrong type")
    return value


def _code(name: str | None) -> grpc.StatusCode | None:
    if name is None:
        return None
    code = grpc.StatusCode.__members__.get(name)
    if code is None or code is grpc.StatusCode.OK:
        raise ValueError(f"code: {name} is not a gRPC status code of an error")
    return code


def _parse_when(name: str) -> When:
    if name == "before":
        return "before"
    if name == "after":
        return "after"
    raise ValueError("when: before or after")
