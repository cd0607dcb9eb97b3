"""Answers about a pool: what its commit decided, completed with its members.

How many machines are in a pool, and which, is no part of a commit. So a recorded answer is the pool's own
state, and the rest is added each time that the answer is given. The first time it is as of the commit: all of
the answer is true at one moment. A replay repeats the state byte for byte, with the rest as of now.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pydantic_core import to_json

from shared import logs
from shared.bootstrap import Inventory
from shared.domain import pages, pools
from shared.domain.answer import Answer
from shared.domain.deadline import Deadline
from shared.domain.plain import Plain
from shared.edge.answers import json_answer
from shared.edge.conditions import etag
from shared.edge.pool_view import pool_state
from shared.edge.resource import Call
from shared.pb.inventory.v1.pool_pb2 import Pool
from shared.store.change import Decision
from shared.store.members import count_members, list_members
from shared.store.pools import pool_exists

# After the commit, whatever that has left of the request's time.
COMPLETION_SECONDS = 2.0

Result = TypeVar("Result")


@dataclass(frozen=True)
class Members:
    """Who is in a pool: how many machines, those that are shown, and the headers that lead to the rest."""

    count: int
    machines: Sequence[Plain]
    headers: Mapping[str, str]


def pool_answer(status: int, pool: Pool, headers: Mapping[str, str] | None = None) -> Answer:
    """Answer with a pool's own state, which `with_count` completes."""
    return json_answer(status, pool_state(pool), {**(headers or {}), "ETag": etag(pool.version)})


def with_count(
    answer: Answer, machine_count: int | None, headers: Mapping[str, str] | None = None, **present: object
) -> Answer:
    """Add to an answer how many members its pool has, and what else is shown beside.

    Its own bytes stay as they are. The number is None where a change is committed, and its pool's members
    could not be counted.
    """
    added = to_json({"machine_count": machine_count, **present}, inf_nan_mode="null")
    return Answer(
        status=answer.status,
        headers={**answer.headers, **(headers or {})},
        body=answer.body.removesuffix(b"}") + b"," + added.removeprefix(b"{"),
    )


async def after_commit(read: Callable[[Deadline], Awaitable[Result]]) -> Result | None:
    """Read what completes the answer to a committed change; None where that fails.

    An error would tell the client that nothing has changed, and one without an idempotency key would make its
    change once more.
    """
    try:
        return await read(Deadline(COMPLETION_SECONDS))
    except Exception as error:  # noqa: BLE001 - the change is committed: nothing makes its answer a failure
        logs.log(logging.WARNING, "answered without what is counted", {}, error=error)
        return None


async def counted(inventory: Inventory, call: Call, decision: Decision, as_of: datetime | None) -> Answer:
    """Add the number of its members to the answer to a committed change of a pool; null if nobody knows."""
    firestore, organization = inventory.firestore, call.caller.organization_id
    answer, pool_id = decision.answer, json.loads(decision.answer.body)["id"]

    async def count(deadline: Deadline) -> int:
        if is_replayed(answer) and not await pool_exists(firestore, organization, pool_id, deadline):
            return 0
        return await count_members(firestore, organization, pool_id, deadline, as_of=as_of)

    return with_count(answer, await after_commit(count))


async def members(  # noqa: PLR0913 - whose pool, what of it, and when
    inventory: Inventory,
    organization_id: str,
    pool_id: str,
    deadline: Deadline,
    *,
    named: Sequence[Plain] = (),
    as_of: datetime | None = None,
) -> Members:
    """Count a pool's members and read the first of them, side by side.

    Args:
        inventory: where they are.
        organization_id: whose pool it is.
        pool_id: the pool.
        deadline: how long it may take.
        named: members to show before all others.
        as_of: when; now, without it.
    """
    counted, newest = await asyncio.gather(
        count_members(inventory.firestore, organization_id, pool_id, deadline, as_of=as_of),
        list_members(
            inventory.firestore,
            organization_id,
            pool_id,
            limit=pools.MOST_SHOWN,
            deadline=deadline,
            known={machine["id"]: machine for machine in named},
            as_of=as_of,
        ),
    )
    machines, skip = pools.first_members(named, newest)
    # Without `as_of`, some that are named may have left since: then they count as they are shown.
    known = {machine["id"] for machine in (*named, *newest)}
    present = pages.total(counted, skip=0, found=len(newest), limit=pools.MOST_SHOWN)
    count = max(present, len(known))
    if count <= len(machines):
        return Members(count, machines, {})
    rest = f"/v1/machines?pool_id={pool_id}&skip={skip}&limit={pools.MOST_SHOWN}"
    return Members(count, machines, {"Link": f'<{rest}>; rel="next"'})


def is_replayed(answer: Answer) -> bool:
    """Whether an answer is an earlier request's."""
    return "Idempotent-Replayed" in answer.headers
