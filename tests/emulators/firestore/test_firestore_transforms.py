"""Field transforms."""

import datetime as dt
import math

import pytest
from google.api_core.exceptions import InvalidArgument
from google.cloud.firestore import (
    SERVER_TIMESTAMP,
    ArrayRemove,
    ArrayUnion,
    Client,
    CollectionReference,
    Increment,
    Maximum,
    Minimum,
)
from google.cloud.firestore_v1.services.firestore import FirestoreClient
from google.cloud.firestore_v1.types import DocumentTransform, Value, Write

FieldTransform = DocumentTransform.FieldTransform

LARGEST = 2**63 - 1
SMALLEST = -(2**63)


@pytest.mark.parametrize(
    ("stored", "transform", "expected"),
    [
        (1, Increment(2), 3),
        (1, Increment(0.5), 1.5),
        (1.5, Increment(1), 2.5),
        ("text", Increment(2), 2),
        (LARGEST, Increment(1), LARGEST),
        (SMALLEST, Increment(-1), SMALLEST),
        (5, Maximum(7), 7),
        (5, Maximum(3), 5),
        (5, Maximum(5.0), 5),
        ("text", Maximum(3), 3),
        (5, Minimum(7), 5),
        (5, Minimum(3.5), 3.5),
        (0, Minimum(-0.0), 0),
        ([1, "a"], ArrayUnion([1.0, "b", "b"]), [1, "a", "b"]),
        ("text", ArrayUnion([1, 1]), [1]),
        ([1, 2, 1, 3], ArrayRemove([1, 3]), [2]),
        ("text", ArrayRemove([1]), []),
    ],
)
def test_a_transform_computes_from_what_is_stored(
    stored: object, transform: object, expected: object, cities: CollectionReference
) -> None:
    document = cities.document("paris")
    document.set({"field": stored, "other": 1})
    document.update({"field": transform})
    result = document.get().get("field")
    assert (result, type(result)) == (expected, type(expected))
    assert document.get().get("other") == 1


@pytest.mark.parametrize("transform", [Maximum(1), Minimum(1), Increment(1)])
def test_nan_stays_nan(transform: object, cities: CollectionReference) -> None:
    document = cities.document("paris")
    document.set({"field": math.nan})
    document.update({"field": transform})
    assert math.isnan(document.get().get("field"))


def test_a_transform_of_a_missing_field_or_document_starts_from_nothing(cities: CollectionReference) -> None:
    document = cities.document("paris")
    document.set({"a": {"b": Increment(2)}, "list": ArrayUnion([1]), "gone": ArrayRemove([1])}, merge=True)
    assert document.get().to_dict() == {"a": {"b": 2}, "list": [1], "gone": []}


def test_the_servers_time_is_one_for_a_commit_in_milliseconds(client: Client) -> None:
    batch = client.batch()
    first, second = client.document("a/1"), client.document("a/2")
    batch.set(first, {"at": SERVER_TIMESTAMP})
    batch.set(second, {"deep": {"at": SERVER_TIMESTAMP}})
    result = batch.commit()[0]
    time = first.get().get("at")
    assert time == second.get().get("deep.at")
    assert time.microsecond % 1000 == 0
    assert dt.timedelta(0) <= result.update_time - time < dt.timedelta(milliseconds=1)


def test_transforms_report_their_results(generated: FirestoreClient, database: str) -> None:
    write = Write(update={"name": f"{database}/documents/a/1", "fields": {"n": Value(integer_value=1)}})
    write.update_transforms.append(FieldTransform(field_path="n", increment=Value(integer_value=41)))
    write.update_transforms.append(
        FieldTransform(field_path="l", append_missing_elements={"values": [Value(integer_value=1)]})
    )
    (result,) = generated.commit(database=database, writes=[write]).write_results
    count, appended = result.transform_results
    assert count.integer_value == 42
    assert Value.pb(appended).WhichOneof("value_type") == "null_value"


@pytest.mark.parametrize(
    "transform",
    [
        {"field_path": "n", "increment": {"string_value": "1"}},
        {"field_path": "n", "maximum": {"boolean_value": True}},
        {"field_path": "n", "set_to_server_value": 0},
        {"field_path": "n"},
        {"field_path": "", "increment": {"integer_value": 1}},
        {"field_path": "n", "append_missing_elements": {"values": [{"array_value": {}}]}},
    ],
)
def test_a_malformed_transform_is_rejected(
    transform: dict[str, object], generated: FirestoreClient, database: str
) -> None:
    write = Write(update={"name": f"{database}/documents/a/1"})
    write.update_transforms.append(FieldTransform(transform))
    with pytest.raises(InvalidArgument):
        generated.commit(database=database, writes=[write])
