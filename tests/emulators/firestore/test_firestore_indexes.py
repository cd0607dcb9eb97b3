"""Queries that need an index, with an index file as in production."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from google.api_core.exceptions import FailedPrecondition
from google.cloud.firestore import And, Client, CollectionReference, FieldFilter, Or, Query
from google.cloud.firestore_v1.base_query import BaseFilter
from google.cloud.firestore_v1.services.firestore import FirestoreClient

from tests.emulators.firestore.emulator import Emulator, running
from tests.emulators.firestore.reading import aggregated, counted, summed


def composite(*fields: tuple[str, str], group: bool = False) -> dict[str, object]:
    return {
        "collectionGroup": "cities",
        "queryScope": "COLLECTION_GROUP" if group else "COLLECTION",
        "fields": [
            {"fieldPath": path, **({"arrayConfig": mode} if mode == "CONTAINS" else {"order": mode})}
            for path, mode in fields
        ],
    }


INDEXES = {
    "indexes": [
        composite(("state", "ASCENDING"), ("n", "DESCENDING")),
        composite(("tag", "CONTAINS"), ("n", "DESCENDING")),
        composite(("n", "ASCENDING"), ("m", "DESCENDING")),
        composite(("owners", "CONTAINS"), ("__name__", "DESCENDING")),
        composite(("state", "ASCENDING"), ("n", "ASCENDING"), group=True),
    ],
    "fieldOverrides": [
        {"collectionGroup": "cities", "fieldPath": "big", "indexes": []},
        {"collectionGroup": "cities", "fieldPath": "big.but", "indexes": [{"order": "ASCENDING"}]},
        {
            "collectionGroup": "cities",
            "fieldPath": "global",
            "indexes": [
                {"order": "ASCENDING", "queryScope": "COLLECTION"},
                {"order": "ASCENDING", "queryScope": "COLLECTION_GROUP"},
            ],
        },
        {"collectionGroup": "claims", "fieldPath": "*", "indexes": []},
        {"collectionGroup": "claims", "fieldPath": "owner", "indexes": [{"order": "ASCENDING"}]},
    ],
}


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    file = tmp_path_factory.mktemp("indexes") / "firestore.indexes.json"
    file.write_text(json.dumps(INDEXES))
    with running("--indexes", str(file)) as emulator:
        yield emulator


@pytest.fixture
def cities(client: Client) -> CollectionReference:
    fields = {
        "state": "CA",
        "n": 1,
        "m": 1,
        "tag": ["x"],
        "owners": ["x"],
        "big": {"but": 1},
        "global": 1,
        "other": 1,
    }
    client.document("cities/a").set(fields)
    return client.collection("cities")


def where(path: str, operator: str, value: object) -> FieldFilter:
    return FieldFilter(path, operator, value)


def query(start: Query | CollectionReference, condition: BaseFilter | None, *orders: str) -> Query:
    built = start.where(filter=condition) if condition else start
    for order in orders:
        path, _, direction = order.partition(" ")
        built = built.order_by(path, direction="DESCENDING" if direction else "ASCENDING")
    assert isinstance(built, Query)
    return built


CA = where("state", "==", "CA")
TAG = where("tag", "array_contains", "x")

SUPPORTED: list[tuple[BaseFilter | None, list[str]]] = [
    (None, ["n"]),
    (None, ["n desc"]),
    (None, ["__name__"]),
    (where("n", ">", 0), []),
    (where("n", "in", [1, 2]), []),
    (where("n", "!=", 5), []),
    (And([CA, where("m", "==", 1), TAG]), []),  # merged from the fields' single-field indexes
    (And([CA, where("m", "==", 1)]), ["__name__ desc"]),
    (And([CA, where("n", "==", 1)]), ["n"]),
    (And([where("owners", "array_contains", "x"), where("m", "==", 1)]), ["__name__ desc"]),
    (CA, ["state desc"]),
    (CA, ["n desc"]),
    (And([CA, where("n", "<", 5)]), ["n desc"]),
    (And([CA, TAG]), ["n desc"]),  # merged from two composite indexes with the same last fields
    (None, ["n", "m desc"]),
    (And([where("n", ">", 0), where("m", ">", 0)]), ["n", "m desc"]),
    (Or([CA, where("m", "==", 1)]), []),
    (Or([CA, TAG]), ["n desc"]),
    (where("big.but", "==", 1), []),
]

REJECTED: list[tuple[BaseFilter | None, list[str]]] = [
    (None, ["__name__ desc"]),
    (TAG, ["__name__ desc"]),  # in the index of an array, names are in ascending order
    (where("global", "==", 1), ["__name__ desc"]),
    (CA, ["n"]),  # the opposite direction
    (CA, ["m"]),
    (None, ["m", "n"]),
    (None, ["n", "m"]),
    (None, ["n desc", "m"]),  # an index cannot be read backwards
    (None, ["n", "__name__ desc"]),
    (And([CA, where("n", ">", 0)]), []),
    (And([CA, where("m", "==", 1)]), ["n desc"]),
    (And([where("n", ">", 0), where("m", ">", 0)]), []),
    (Or([CA, where("m", "==", 1)]), ["n desc"]),
    (where("big", "==", {"but": 1}), []),
    (where("big.deep", "==", 1), []),
    (None, ["big"]),
    (And([where("big.x", "==", 1), CA]), []),
    (None, ["big.but desc"]),
    (where("global", "array_contains", 1), []),
]


@pytest.mark.parametrize(("condition", "orders"), SUPPORTED)
def test_a_query_with_its_index_succeeds(
    condition: BaseFilter | None, orders: list[str], cities: CollectionReference
) -> None:
    assert [snapshot.id for snapshot in query(cities, condition, *orders).stream()] == ["a"]


@pytest.mark.parametrize(("condition", "orders"), REJECTED)
def test_a_query_without_its_index_is_rejected(
    condition: BaseFilter | None, orders: list[str], cities: CollectionReference
) -> None:
    with pytest.raises(FailedPrecondition, match="The query requires an index"):
        list(query(cities, condition, *orders).stream())


def test_a_collection_group_needs_indexes_of_its_own(cities: CollectionReference, client: Client) -> None:
    group = client.collection_group("cities")
    queries = [
        query(group, None, "__name__"),
        query(group, where("global", "==", 1)),
        query(group, None, "global"),
        query(group, CA, "n"),
    ]
    assert [[found.id for found in one.stream()] for one in queries] == [["a"]] * len(queries)
    assert [found.id for found in cities.stream()] == ["a"]
    for one in (query(group, CA), query(group, None, "n"), query(group, None, "global desc")):
        with pytest.raises(FailedPrecondition):
            list(one.stream())


def test_a_collection_can_be_exempted_as_a_whole(client: Client) -> None:
    client.document("claims/a").set({"owner": 1, "n": 1})
    claims = client.collection("claims")
    assert [found.id for found in claims.stream()] == ["a"]
    assert [found.id for found in query(claims, where("owner", "==", 1)).stream()] == ["a"]
    with pytest.raises(FailedPrecondition):
        list(query(claims, where("n", "==", 1)).stream())


def test_a_sum_needs_its_field_in_the_index(cities: CollectionReference) -> None:
    assert aggregated(cities.sum("n")) == 1
    assert aggregated(counted(query(cities, CA))) == 1
    with pytest.raises(FailedPrecondition):
        aggregated(summed(query(cities, CA), "n"))
    with pytest.raises(FailedPrecondition):
        aggregated(cities.sum("big.x"))


def test_a_list_in_an_order_needs_an_index_too(
    cities: CollectionReference, generated: FirestoreClient
) -> None:
    parent = cities.document("a")._document_path.rpartition("/cities/")[0]
    request = {"parent": parent, "collection_id": "cities", "order_by": "big"}
    with pytest.raises(FailedPrecondition):
        generated.list_documents(request=request)


def test_a_topology_file_has_its_indexes_in_a_section(tmp_path: Path, project: str) -> None:
    file = tmp_path / "topology.yaml"
    file.write_text("firestore:\n  indexes: []\n  fieldOverrides: []\nfunctions: {}\n")
    with running("--indexes", str(file)) as emulator, emulator.client(project) as client:
        rejected = query(client.collection("cities"), CA, "n").stream()
        with pytest.raises(FailedPrecondition):
            list(rejected)
