"""The floor's script for a request: the product's own RPCs, with other ids.

The RPCs are recorded from the product. All ids have a fixed length, so one can replace another in the
serialized message at any depth, which is the cheapest way to fill in a prebuilt message. Only a commit that
depends on an earlier read is parsed and serialized again.
"""

import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from google_apis.firestore.firestore_pb2 import (
    CommitRequest,
    RunAggregationQueryRequest,
    RunQueryRequest,
)
from tests.bench.recorder import Rpc

COMMIT = "/google.firestore.v1.Firestore/Commit"
QUERIES: Mapping[str, type[RunQueryRequest | RunAggregationQueryRequest]] = {
    "/google.firestore.v1.Firestore/RunQuery": RunQueryRequest,
    "/google.firestore.v1.Firestore/RunAggregationQuery": RunAggregationQueryRequest,
}
UUID = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_ID = re.compile(
    rb"%b|(?<=/identities/)[0-9a-f]{40}|(?<=/idempotency/)[0-9a-f]{40}|(?<=/outbox/)[0-9a-f]{40}"
    % UUID.pattern
)
_OUTBOX = "/documents/outbox/"


@dataclass(frozen=True, kw_only=True)
class Template:
    """A recorded RPC.

    Attributes:
        method: the full name.
        pieces: the request message, split at its ids.
        slots: the indexes of the values between the pieces: first the ids in the HTTP request in their
            order, then the new ones.
        in_transaction: whether to set the transaction's id.
        seen: the writes whose precondition is the update time of a document that was read.
        times: the timestamps to set to the present time: a write and a field.
        as_of_commit: whether to read as of the time of the previous commit.
    """

    method: str
    pieces: Sequence[bytes]
    slots: Sequence[int]
    in_transaction: bool = False
    seen: Sequence[int] = ()
    times: Sequence[tuple[int, str]] = ()
    as_of_commit: bool = False

    def filled(self, values: Sequence[bytes]) -> bytes:
        """Serialize the request message with these values."""
        parts = [self.pieces[0]]
        for slot, piece in zip(self.slots, self.pieces[1:], strict=True):
            parts += (values[slot], piece)
        return b"".join(parts)


@dataclass(frozen=True, kw_only=True)
class Script:
    """The floor's work for each HTTP request.

    Attributes:
        stages: the RPCs; those of one stage are concurrent.
        fresh: the number of characters of each new id: 36 for a UUID, others are digests.
        outbox: the indexes of the values that are ids of outbox documents, to delete in batches.
        status: the response's status.
        content_type: the content type of the response's body.
        size: the size of the response's body, in bytes.
    """

    stages: Sequence[Sequence[Template]]
    fresh: Sequence[int]
    outbox: Sequence[int]
    status: int
    content_type: str
    size: int


def save(scripts: Sequence[Script], file: Path) -> None:
    """Write scripts to a file."""
    fields = [asdict(script) for script in scripts]
    file.write_text(json.dumps(fields, default=lambda data: data.decode("latin-1")))


def load(file: Path) -> list[Script]:
    """Read scripts from a file."""
    return [
        Script(**fields | {"stages": [[_template(each) for each in stage] for stage in fields["stages"]]})
        for fields in json.loads(file.read_text())
    ]


def _template(fields: dict[str, Any]) -> Template:
    return Template(**fields | {"pieces": [piece.encode("latin-1") for piece in fields["pieces"]]})


def given_ids(path: bytes, body: bytes) -> list[bytes]:
    """Return the ids in an HTTP request."""
    return UUID.findall(path) + UUID.findall(body)


def write_script(
    stages: Sequence[Sequence[Rpc]],
    *,
    given: Sequence[bytes],
    constant: Collection[bytes],
    response: tuple[int, str, int],
) -> Script:
    """Make a script from the RPCs of one request to the product.

    Args:
        stages: the RPCs.
        given: the ids in the request.
        constant: ids that are the same for every request, so they stay as they are.
        response: the status, content type and size of the product's response.
    """
    values = {value: number for number, value in enumerate(given)}
    if any(rpc.method == COMMIT for stage in stages for rpc in stage):
        for stage in stages:
            for rpc in stage:
                for value in _ID.findall(rpc.request):
                    if value not in constant:
                        values.setdefault(value, len(values))
    # Without a commit, replace only the ids in the request: the RPCs read the same documents each time.
    templates = [[_cut(rpc, values) for rpc in stage] for stage in stages]
    fresh = list(values)[len(given) :]
    outbox = [values[value] for value in fresh if _is_outbox(value, stages)]
    status, content_type, size = response
    return Script(
        stages=templates,
        fresh=[len(value) for value in fresh],
        outbox=outbox,
        status=status,
        content_type=content_type,
        size=size,
    )


def ids_in(rpcs: Sequence[Rpc]) -> set[bytes]:
    """Return all ids in some RPCs."""
    return {value for rpc in rpcs for value in _ID.findall(rpc.request)}


def _cut(rpc: Rpc, values: Mapping[bytes, int]) -> Template:
    request, as_of_commit = rpc.request, False
    if query := QUERIES.get(rpc.method):
        recorded = query.FromString(request)
        as_of_commit = recorded.HasField("read_time")
        recorded.ClearField("read_time")
        request = recorded.SerializeToString()
    pieces, slots, end = [], [], 0
    for match in _ID.finditer(request):
        if match[0] in values:
            pieces.append(request[end : match.start()])
            slots.append(values[match[0]])
            end = match.end()
    pieces.append(request[end:])
    if rpc.method != COMMIT:
        return Template(method=rpc.method, pieces=pieces, slots=slots, as_of_commit=as_of_commit)
    commit = CommitRequest.FromString(rpc.request)
    seen = [
        number for number, write in enumerate(commit.writes) if write.current_document.HasField("update_time")
    ]
    times = [
        (number, name)
        for number in seen
        for name, value in commit.writes[number].update.fields.items()
        if value.HasField("timestamp_value")
    ]
    return Template(
        method=rpc.method,
        pieces=pieces,
        slots=slots,
        in_transaction=bool(commit.transaction),
        seen=seen,
        times=times,
    )


def _is_outbox(value: bytes, stages: Sequence[Sequence[Rpc]]) -> bool:
    marker = _OUTBOX.encode() + value
    return any(marker in rpc.request for stage in stages for rpc in stage)
