"""Limits, with production's status codes."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import cast

import pytest
from google.api_core.exceptions import InvalidArgument
from google.cloud.firestore import ArrayRemove, Client, CollectionReference, FieldFilter
from google.cloud.firestore_v1.services.firestore import FirestoreClient
from google.cloud.firestore_v1.types import DocumentTransform, Value, Write

FieldTransform = DocumentTransform.FieldTransform

MEBIBYTE = 1024 * 1024


def nested(depth: int, leaf: object = 1) -> dict[str, object]:
    value: dict[str, object] = {"leaf": leaf}
    for _ in range(depth - 1):
        value = {"in": value}
    return value


def bson(key: str, **parts: object) -> Value:
    return Value(map_value={"fields": {key: {"map_value": {"fields": parts}}}})


def name_size(path: str) -> int:
    return sum(len(part) + 1 for part in path.split("/")) + 16


@pytest.mark.parametrize("excess", [0, 1])
def test_a_document_has_at_most_a_mebibyte(excess: int, cities: CollectionReference) -> None:
    other = "x" * 100  # a single field must be smaller than a document
    overhead = name_size("cities/paris") + 32 + len("a") + 1 + 1 + len("b") + 1 + len(other) + 1
    fields = {"a": "x" * (MEBIBYTE - overhead + excess), "b": other}
    if not excess:
        cities.document("paris").set(fields)
        assert cities.document("paris").get().to_dict() == fields
        return
    with pytest.raises(InvalidArgument, match=r"1,048,577 bytes"):
        cities.document("paris").set(fields)


@pytest.mark.parametrize(
    "fill",
    [
        lambda size: "x" * (size - 1),
        bytes,
        lambda size: ["x", bytes(size - 2)],
        lambda size: {"x": bytes(size - 2)},
    ],
)
def test_a_field_has_at_most_a_mebibyte_less_89_bytes(
    fill: Callable[[int], object], cities: CollectionReference
) -> None:
    cities.document("a").set({"a": fill(MEBIBYTE - 89)})
    with pytest.raises(InvalidArgument, match='"a" is longer than 1048487 bytes'):
        cities.document("a").set({"a": fill(MEBIBYTE - 88)})


def test_what_is_small_on_the_wire_counts_as_it_is_stored(generated: FirestoreClient, database: str) -> None:
    """A geo point of 0, 0 takes four bytes in a message, but 16 in a document."""
    write = Write.pb(Write(update={"name": f"{database}/documents/a/1"}))
    points = write.update.fields["points"].array_value.values
    for _ in range(66_000):
        points.add().geo_point_value.SetInParent()
    with pytest.raises(InvalidArgument, match="exceeds the maximum allowed size"):
        generated.commit(database=database, writes=[Write.wrap(write)])


def test_a_request_has_at_most_ten_mebibytes(generated: FirestoreClient, database: str) -> None:
    writes = [
        Write(
            update={"name": f"{database}/documents/a/{n}", "fields": {"a": Value(bytes_value=bytes(10**6))}}
        )
        for n in range(11)
    ]
    generated.commit(database=database, writes=writes[:10])
    with pytest.raises(InvalidArgument, match="Request payload size exceeds the limit"):
        generated.commit(database=database, writes=writes)


def test_maps_and_arrays_nest_twenty_deep(cities: CollectionReference) -> None:
    for fields in (nested(21), nested(20, [1]), {"list": [nested(19)]}):
        cities.document("paris").set(fields)
        assert cities.document("paris").get().to_dict() == fields
    for fields in (nested(22), nested(21, [1]), {"list": [nested(20)]}):
        with pytest.raises(InvalidArgument):
            cities.document("paris").set(fields)


@pytest.mark.parametrize(
    "fields",
    [
        {"list": [[1]]},
        {"": 1},
        {"__reserved__": 1},
        {"map": {"__reserved__": 1}},
        {"x" * 1501: 1},
        {"é" * 751: 1},
    ],
)
def test_a_forbidden_value_or_field_name_is_rejected(
    fields: dict[str, object], cities: CollectionReference
) -> None:
    with pytest.raises((InvalidArgument, ValueError)):
        cities.document("paris").set(fields)


@pytest.mark.parametrize(
    "value",
    [
        Value(),
        Value(geo_point_value={"latitude": 91}),
        Value(geo_point_value={"longitude": -181}),
        Value(reference_value="no/name"),
        Value(
            map_value={"fields": {"__type__": {"string_value": "__vector__"}, "value": {"array_value": {}}}}
        ),
        Value(field_reference_value="other"),
        bson("__request_timestamp__", seconds={}, increment={}),
        bson("__regex__", pattern={}, options={}),
    ],
)
def test_a_malformed_value_is_rejected(value: Value, generated: FirestoreClient, database: str) -> None:
    write = Write(update={"name": f"{database}/documents/a/1", "fields": {"a": value}})
    with pytest.raises(InvalidArgument):
        generated.commit(database=database, writes=[write])


def test_every_decimal_that_is_not_a_number_is_the_same(cities: CollectionReference) -> None:
    for city, text in (("paris", "-sNaN1"), ("rome", "NaN")):
        cities.document(city).set({"area": {"__decimal128__": text}})
    paris, rome = cities.order_by("area").get()
    assert paris.to_dict() == rome.to_dict()


@pytest.mark.parametrize(
    "path",
    [
        "a",
        "a/b/c",
        "a//",
        "a/.",
        "a/..",
        "__a__/b",
        "a/__b__",
        "a/" + "x" * 1501,
        "/".join(["x" * 1000] * 8),
        "/".join(["a"] * 202),
    ],
)
def test_a_forbidden_document_name_is_rejected(path: str, generated: FirestoreClient, database: str) -> None:
    with pytest.raises(InvalidArgument):
        generated.commit(database=database, writes=[Write(update={"name": f"{database}/documents/{path}"})])


@pytest.mark.parametrize(
    ("collection_id", "document_id"),
    [("a", "b/c/d"), ("a/b/c", "d"), ("a", "b/"), ("a", ".."), ("a", "__b__"), ("", "b")],
)
def test_an_id_that_is_none_makes_no_document(
    collection_id: str, document_id: str, generated: FirestoreClient, database: str
) -> None:
    with pytest.raises(InvalidArgument):
        generated.create_document(
            request={
                "parent": f"{database}/documents",
                "collection_id": collection_id,
                "document_id": document_id,
                "document": {},
            }
        )


@pytest.mark.parametrize("path", ["a/__id7__", "a/é", "a/" + "x" * 1500, "a/ ", "/".join(["a"] * 200)])
def test_other_document_names_are_taken(path: str, generated: FirestoreClient, database: str) -> None:
    name = f"{database}/documents/{path}"
    generated.commit(database=database, writes=[Write(update={"name": name})])
    assert generated.get_document(request={"name": name}).name == name


def test_a_document_has_at_most_40_000_index_entries(generated: FirestoreClient, database: str) -> None:
    """An array has one entry for each different element, and two for the whole array."""

    def write(elements: int) -> Write:
        write = Write.pb(Write(update={"name": f"{database}/documents/a/1"}))
        values = write.update.fields["list"].array_value.values
        for number in range(elements):
            values.add().integer_value = number
        return cast("Write", Write.wrap(write))

    generated.commit(database=database, writes=[write(39_998)])
    with pytest.raises(InvalidArgument, match="index entries"):
        generated.commit(database=database, writes=[write(39_999)])


def test_a_document_has_at_most_500_transforms(generated: FirestoreClient, database: str) -> None:
    def write(count: int) -> Write:
        write = Write(update={"name": f"{database}/documents/a/1"})
        write.update_transforms.extend(
            FieldTransform(field_path=f"f{number}", increment=Value(integer_value=1))
            for number in range(count)
        )
        return write

    generated.commit(database=database, writes=[write(500)])
    with pytest.raises(InvalidArgument):
        generated.commit(database=database, writes=[write(501)])


@pytest.mark.parametrize("excess", [0, 1])
def test_a_query_has_at_most_100_filters_orders_and_a_parent(excess: int, client: Client) -> None:
    query = client.document("a/1").collection("b").order_by("__name__")
    for number in range(98 + excess):
        query = query.where(filter=FieldFilter(f"f{number}", "==", 1))
    if not excess:
        assert query.get() == []
        return
    with pytest.raises(InvalidArgument, match="at most 100"):
        query.get()


@pytest.mark.parametrize(
    "call",
    [
        lambda client: client.commit(database="projects/only"),
        lambda client: client.commit(database=""),
        lambda client: client.begin_transaction(database="nothing"),
        lambda client: list(client.run_query(request={"parent": "projects/p/databases/d"})),
        lambda client: client.get_document(request={"name": "projects/p/databases/d/documents"}),
    ],
)
def test_a_malformed_resource_name_is_rejected(
    call: Callable[[FirestoreClient], object], generated: FirestoreClient
) -> None:
    with pytest.raises(InvalidArgument):
        call(generated)


@pytest.mark.parametrize(("seconds", "nanos"), [(253_402_300_800, 0), (0, -1), (0, 1_000_000_000)])
def test_a_timestamp_that_is_none_is_rejected(
    seconds: int, nanos: int, generated: FirestoreClient, database: str
) -> None:
    write = Write.pb(Write(update={"name": f"{database}/documents/a/1"}))
    timestamp = write.update.fields["at"].timestamp_value
    timestamp.seconds, timestamp.nanos = seconds, nanos
    with pytest.raises(InvalidArgument, match="timestamp"):
        generated.commit(database=database, writes=[Write.wrap(write)])


@pytest.mark.parametrize("end", [datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)])
def test_the_first_and_the_last_timestamp_are_kept(end: datetime, client: Client) -> None:
    document = client.document("a/1")
    document.set({"at": end})
    assert document.get().get("at") == end


def test_timestamps_are_kept_to_the_microsecond(client: Client) -> None:
    document = client.document("a/1")
    result = document.set({"a": 1})
    document.set({"at": result.update_time})
    assert document.get().get("at") == result.update_time


def test_a_commit_deletes_at_most_10_mebibytes(client: Client, cities: CollectionReference) -> None:
    documents = [cities.document(f"{number}") for number in range(11)]
    for document in documents:
        document.set({"a": bytes(1_000_000)})
    deletion = client.batch()
    for document in documents:
        deletion.delete(document)
    with pytest.raises(InvalidArgument, match="Transaction too big"):
        deletion.commit()
    assert len(list(cities.list_documents())) == 11

    for half in documents[:5], documents[5:]:
        deletion = client.batch()
        for document in half:
            deletion.delete(document)
        deletion.commit()
    assert list(cities.list_documents()) == []


def test_a_commit_changes_parts_of_documents_of_at_most_10_mebibytes(
    client: Client, cities: CollectionReference
) -> None:
    documents = [cities.document(f"{number}") for number in range(11)]
    for document in documents:
        document.set({"a": bytes(1_000_000)})
    change = client.batch()
    for document in documents:
        change.update(document, {"b": ArrayRemove(["c"])})
    with pytest.raises(InvalidArgument, match="Transaction too big"):
        change.commit()
    assert all("b" not in (document.get().to_dict() or {}) for document in documents)
