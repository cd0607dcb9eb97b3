"""Retries of calls to the store that are safe to repeat."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.domain.attempts import Attempts
from shared.domain.deadline import Deadline
from shared.domain.errors import Unavailable
from shared.store.errors import Ambiguous, Contended, StoreError

Result = TypeVar("Result")


async def with_retries(call: Callable[[], Awaitable[Result]], deadline: Deadline) -> Result:
    """Make a call that is safe to repeat, and retry it until the store answers.

    Raises:
        Unavailable: the store did not answer before the deadline.
        Rejected: the store rejects the call, such as a query without its index.
    """
    failure: StoreError | None = None
    try:
        async for _ in Attempts(deadline):
            try:
                return await call()
            except (Contended, Ambiguous) as error:
                failure = error
        raise Unavailable from failure
    finally:
        del failure  # breaks the reference cycle with its traceback, which includes this frame
