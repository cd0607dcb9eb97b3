"""Keys and indexes follow Firestore's rule: at most 500 writes per second where keys only grow."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from google_apis.firestore.document_pb2 import Document
from infra.local import topology
from infra.local.firestore import indexes
from infra.local.firestore.index_keys import Mode
from infra.local.firestore.indexes import Composite, Indexes
from tests.bench.hot_spots.hottest import LIMIT, hottest
from tests.bench.hot_spots.ranges import Keys, Layout, Written
from tests.bench.hot_spots.traffic import Simulation

DECLARED = indexes.read(topology.DEFAULT_FILE)
# 100 per second from each organization, as when 100 organizations make 10,000 registrations per second.
ORGANIZATIONS = 6
RATE = 600
SECONDS = 0.48
ONLY_DOCUMENTS = Indexes(composites=(), overrides=dict.fromkeys(DECLARED.overrides, frozenset()))


@pytest.fixture(scope="module")
async def registrations() -> Sequence[Written]:
    return await Simulation(ORGANIZATIONS, RATE).registrations(int(RATE * SECONDS))


def hot(traffic: Sequence[Written], declared: Indexes, layout: Layout) -> dict[str, float]:
    rates = hottest(traffic, Keys(declared, layout), seconds=SECONDS)
    return {kind: rate for kind, rate in rates.items() if rate > LIMIT}


@pytest.mark.parametrize("layout", Layout)
def test_registrations_make_no_hot_spot(registrations: Sequence[Written], layout: Layout) -> None:
    rates = hottest(registrations, Keys(DECLARED, layout), seconds=SECONDS)

    assert rates["machines: documents"] == pytest.approx(100)
    assert max(rates.values()) == pytest.approx(100)
    spread = {kind for kind, rate in rates.items() if rate == 0}
    assert {"identities: documents", "idempotency: documents", "outbox: documents"} <= spread


async def test_heartbeats_make_no_hot_spot() -> None:
    """Shards are filled at random: 600 heartbeats are counted, on average 25 in each shard."""
    beats = await Simulation(ORGANIZATIONS, 10_000).heartbeats(2_400)

    rates = hottest(beats, Keys(DECLARED, Layout.INDEX_FIRST), seconds=0.24)

    [(kind, rate)] = rates.items()
    assert kind.startswith("machines: heartbeat_shard")
    assert 10_000 / 24 < rate < 10_000 / 24 * 1.7


def single(collection: str, field: str, mode: Mode, scope: str = "COLLECTION") -> Indexes:
    overrides = dict(ONLY_DOCUMENTS.overrides)
    overrides[collection, (field,)] = frozenset({(scope, mode)})
    return replace(ONLY_DOCUMENTS, overrides=overrides)


def composite(*fields: tuple[str, Mode]) -> Indexes:
    made = Composite("machines", group=True, fields=tuple(((name,), mode) for name, mode in fields))
    return replace(ONLY_DOCUMENTS, composites=(made,))


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(
            single("machines", "created_at", Mode.DESCENDING, "COLLECTION_GROUP"),
            id="when machines were created, of all organizations",
        ),
        pytest.param(single("idempotency", "expires_at", Mode.ASCENDING, "COLLECTION_GROUP"), id="a TTL"),
        pytest.param(
            composite(("status", Mode.ASCENDING), ("updated_at", Mode.DESCENDING)),
            id="a time after what most machines have",
        ),
    ],
)
@pytest.mark.parametrize("layout", Layout)
def test_an_index_that_grows_at_its_end_is_found(
    registrations: Sequence[Written], bad: Indexes, layout: Layout
) -> None:
    [(kind, rate)] = hot(registrations, bad, layout).items()

    assert rate == pytest.approx(RATE), kind


@pytest.mark.parametrize(
    "harmless",
    [
        pytest.param(single("machines", "created_at", Mode.DESCENDING), id="times of one organization"),
        pytest.param(single("machines", "hostname", Mode.ASCENDING, "COLLECTION_GROUP"), id="any names"),
        pytest.param(single("machines", "nothing", Mode.ASCENDING, "COLLECTION_GROUP"), id="no entries"),
    ],
)
def test_an_index_that_does_not_is_not(registrations: Sequence[Written], harmless: Indexes) -> None:
    assert hot(registrations, harmless, Layout.INDEX_FIRST) == {}


def test_ids_that_only_grow_in_a_collection_that_all_share_are_found() -> None:
    traffic = [
        Written.created(Document(name=f"projects/p/databases/d/documents/machines/{number:08}"))
        for number in range(int(RATE * SECONDS))
    ]

    assert hot(traffic, ONLY_DOCUMENTS, Layout.INDEX_FIRST) == {"machines: documents": pytest.approx(RATE)}
