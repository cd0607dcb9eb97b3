"""Record the product's RPCs for a call, as scripts for the floor."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from google_apis.firestore.firestore_pb2 import CommitRequest
from tests.bench.bench import Bench
from tests.bench.calls import Call
from tests.bench.client import ask
from tests.bench.recorder import Recorder, Rpc, recorded, stages
from tests.bench.script import COMMIT, Script, given_ids, ids_in, write_script
from tests.bench.tenants import Tenant

SAMPLES = 20


@dataclass(frozen=True, kw_only=True)
class _Exchange:
    """A request, the product's response, and the RPCs between them."""

    sent: bytes
    response: bytes
    rpcs: Sequence[Rpc]

    @property
    def given(self) -> list[bytes]:
        """The ids in the request."""
        head, _, body = self.sent.partition(b"\r\n\r\n")
        path = head.split(b" ", 2)[1].partition(b"?")[0]
        return given_ids(path, body)


async def record(made: Bench, call: Call, caller: Tenant) -> list[Script]:
    """Record several requests of a call, because they differ: for example, by the search terms of an id.

    Ids that are the same in all of them are assumed to be the same in all other requests.
    """
    recorder = Recorder()
    hosts = (made.backends.firestore, made.backends.pubsub)
    async with recorded(hosts, recorder) as (firestore, pubsub):
        environment = {"FIRESTORE_EMULATOR_HOST": firestore, "PUBSUB_EMULATOR_HOST": pubsub}
        async with made.product(call.function, environment) as served:
            requests = call.requests(caller)
            await ask(served.port, next(requests))  # now the function has cached the caller's key
            exchanges = [await _exchange(served.port, next(requests), recorder) for _ in range(SAMPLES)]
    constant = set.intersection(*(ids_in(exchange.rpcs) for exchange in exchanges))
    scripts = [_script(exchange, constant) for exchange in exchanges]
    # Concurrent RPCs look consecutive if one ends before the other arrives at the proxy.
    fewest = min(len(script.stages) for script in scripts)
    return [script for script in scripts if len(script.stages) == fewest]


def _script(exchange: _Exchange, constant: Collection[bytes]) -> Script:
    head, _, body = exchange.response.partition(b"\r\n\r\n")
    return write_script(
        stages(exchange.rpcs),
        given=exchange.given,
        constant=constant,
        response=(*_status_and_type(head.decode()), len(body)),
    )


async def _exchange(port: int, sent: bytes, recorder: Recorder) -> _Exchange:
    recorder.rpcs.clear()
    response = await ask(port, sent)
    return _Exchange(sent=sent, response=response, rpcs=[rpc for rpc in recorder.rpcs if not _is_drop(rpc)])


def _is_drop(rpc: Rpc) -> bool:
    """Return whether an RPC deletes earlier requests' events, which the floor does by itself."""
    return rpc.method == COMMIT and all(
        "/documents/outbox/" in write.delete for write in CommitRequest.FromString(rpc.request).writes
    )


def _status_and_type(head: str) -> tuple[int, str]:
    start, *lines = head.split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return int(start.split(" ")[1]), headers["content-type"]
