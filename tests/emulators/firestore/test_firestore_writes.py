"""Commits: preconditions, masks, field paths, and atomicity."""

import datetime as dt

import pytest
from google.api_core.exceptions import (
    AlreadyExists,
    FailedPrecondition,
    GoogleAPICallError,
    InvalidArgument,
    NotFound,
)
from google.cloud.firestore import DELETE_FIELD, Client, CollectionReference
from google.cloud.firestore_v1.services.firestore import FirestoreClient
from google.cloud.firestore_v1.types import Document, Precondition, Value, Write
from google.protobuf.timestamp_pb2 import Timestamp
from google.rpc import code_pb2

from tests.emulators.firestore.reading import updated

PAST = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
FUTURE = dt.datetime(2099, 1, 1, tzinfo=dt.UTC)


def update(database: str, path: str, current: Precondition | None = None, **fields: Value) -> Write:
    document = Document(name=f"{database}/documents/{path}", fields=fields)
    return Write(update=document, current_document=current)


def integer(number: int) -> Value:
    return Value(integer_value=number)


@pytest.mark.parametrize(
    ("path", "precondition", "error"),
    [
        ("a/there", Precondition(exists=False), AlreadyExists),
        ("a/missing", Precondition(exists=True), NotFound),
        ("a/there", Precondition(update_time=PAST), FailedPrecondition),
        ("a/missing", Precondition(update_time=PAST), FailedPrecondition),
        ("a/there", Precondition(update_time=FUTURE), InvalidArgument),
    ],
)
def test_a_violated_precondition_has_productions_status(
    path: str,
    precondition: Precondition,
    error: type[GoogleAPICallError],
    generated: FirestoreClient,
    database: str,
) -> None:
    generated.commit(database=database, writes=[update(database, "a/there")])
    deletion = Write(delete=f"{database}/documents/{path}", current_document=precondition)
    for write in (update(database, path, precondition), deletion):
        with pytest.raises(error):
            generated.commit(database=database, writes=[write])


def test_a_commit_with_one_violated_precondition_changes_nothing(
    generated: FirestoreClient, database: str, cities: CollectionReference
) -> None:
    writes = [
        update(database, "cities/paris", n=integer(1)),
        update(database, "cities/rome", Precondition(exists=True), n=integer(1)),
    ]
    with pytest.raises(NotFound):
        generated.commit(database=database, writes=writes)
    assert list(cities.stream()) == []


def test_times_of_requests_have_microseconds(generated: FirestoreClient, database: str) -> None:
    """The comments of google/firestore/v1/common.proto and firestore.proto require it."""
    time = Timestamp(seconds=1, nanos=1)
    with pytest.raises(InvalidArgument, match="microsecond"):
        generated.commit(database=database, writes=[update(database, "a/1", Precondition(update_time=time))])
    with pytest.raises(InvalidArgument, match="microsecond"):
        generated.get_document({"name": f"{database}/documents/a/1", "read_time": time})


def test_an_update_time_that_matches_lets_a_write_through(cities: CollectionReference) -> None:
    document = cities.document("paris")
    created = document.set({"n": 1})
    client = cities._client
    document.update({"n": 2}, option=client.write_option(last_update_time=created.update_time))
    assert document.get().to_dict() == {"n": 2}


def test_a_write_that_changes_nothing_keeps_the_update_time(cities: CollectionReference) -> None:
    document = cities.document("paris")
    first = document.set({"n": 1, "name": "Paris"})
    second = document.set({"n": 1, "name": "Paris"})
    third = document.set({"n": 1.0, "name": "Paris"})
    assert second.update_time == first.update_time
    assert updated(third) > updated(second)


def test_writes_of_one_document_in_one_commit_take_effect_in_their_order(
    generated: FirestoreClient, database: str, cities: CollectionReference
) -> None:
    writes = [
        update(database, "cities/paris", Precondition(exists=False), n=integer(1)),
        Write(delete=f"{database}/documents/cities/paris", current_document=Precondition(exists=True)),
        update(database, "cities/paris", Precondition(exists=False), n=integer(2)),
    ]
    response = generated.commit(database=database, writes=writes)
    assert cities.document("paris").get().to_dict() == {"n": 2}
    assert [bool(result.update_time) for result in response.write_results] == [True, False, True]
    assert response.commit_time == response.write_results[2].update_time


def test_commit_times_only_grow(cities: CollectionReference) -> None:
    times = [updated(cities.document("paris").set({"n": number})) for number in range(20)]
    assert times == sorted(set(times))


def test_a_mask_sets_what_it_names_and_removes_what_the_update_lacks(cities: CollectionReference) -> None:
    document = cities.document("paris")
    document.set({"name": "Paris", "at": {"lat": 1, "lng": 2, "alt": 3}, "old": True})
    document.update({"at.lat": 5, "at.alt": DELETE_FIELD, "old": DELETE_FIELD, "new.deep": [1]})
    assert document.get().to_dict() == {
        "name": "Paris",
        "at": {"lat": 5, "lng": 2},
        "new": {"deep": [1]},
    }


def test_field_paths_take_any_name_in_backquotes(cities: CollectionReference) -> None:
    document = cities.document("paris")
    document.set({"a.b": 1, "back`quote": 2, "back\\slash": 3, "é": 4, "9": {"-": 5}})
    document.update({"`a.b`": 10, "`back\\`quote`": 20, "`back\\\\slash`": 30, "`é`": 40, "`9`.`-`": 50})
    assert document.get().to_dict() == {
        "a.b": 10,
        "back`quote": 20,
        "back\\slash": 30,
        "é": 40,
        "9": {"-": 50},
    }


@pytest.mark.parametrize("path", ["", "a..b", ".a", "a.", "9a", "a-b", "`a", "a`b`", "``"])
def test_a_malformed_field_path_is_rejected(path: str, generated: FirestoreClient, database: str) -> None:
    write = update(database, "cities/paris")
    write.update_mask.field_paths.append(path)
    with pytest.raises(InvalidArgument):
        generated.commit(database=database, writes=[write])


@pytest.mark.parametrize("path", ["__name__", "__x__", "map.__x__", "`__a.b__`", "__x__.inner"])
def test_a_mask_that_names_a_reserved_field_is_rejected(
    path: str, generated: FirestoreClient, database: str
) -> None:
    write = update(database, "cities/paris", n=integer(1))
    write.update_mask.field_paths.extend(["n", path])
    with pytest.raises(InvalidArgument, match="reserved"):
        generated.commit(database=database, writes=[write])
    with pytest.raises(InvalidArgument, match="reserved"):
        generated.update_document(document=write.update, update_mask=write.update_mask)


def test_a_merge_makes_maps_of_what_is_in_its_way(cities: CollectionReference) -> None:
    document = cities.document("paris")
    document.set({"a": 1, "b": 1})
    document.set({"a": {"b": {"c": 2}}}, merge=True)
    assert document.get().to_dict() == {"a": {"b": {"c": 2}}, "b": 1}


def test_a_batch_does_each_write_by_itself(generated: FirestoreClient, database: str) -> None:
    writes = [
        update(database, "a/1", n=integer(1)),
        update(database, "a/2", Precondition(exists=True)),
        update(database, "a/3", n=integer(3)),
    ]
    response = generated.batch_write(request={"database": database, "writes": writes})
    assert [status.code for status in response.status] == [0, code_pb2.NOT_FOUND, 0]
    found = generated.batch_get_documents(
        request={"database": database, "documents": [f"{database}/documents/a/{n}" for n in (1, 2, 3)]}
    )
    assert [bool(response.found) for response in found] == [True, False, True]


def test_a_batch_writes_no_document_twice(generated: FirestoreClient, database: str) -> None:
    with pytest.raises(InvalidArgument):
        generated.batch_write(request={"database": database, "writes": [update(database, "a/1")] * 2})


def test_documents_are_created_updated_and_deleted_one_by_one(
    generated: FirestoreClient, database: str
) -> None:
    parent = f"{database}/documents"
    created = generated.create_document(
        request={"parent": parent, "collection_id": "a", "document": Document(fields={"n": integer(1)})}
    )
    assert len(created.name.rpartition("/")[2]) == 20
    with pytest.raises(AlreadyExists):
        generated.create_document(
            request={
                "parent": parent,
                "collection_id": "a",
                "document_id": created.name.rpartition("/")[2],
                "document": Document(),
            }
        )
    changed = Document(name=created.name, fields={"n": integer(2), "m": integer(3)})
    response = generated.update_document(
        request={"document": changed, "update_mask": {"field_paths": ["m"]}, "mask": {"field_paths": ["m"]}}
    )
    assert {name: value.integer_value for name, value in response.fields.items()} == {"m": 3}
    stored = generated.get_document(request={"name": created.name})
    assert {name: value.integer_value for name, value in stored.fields.items()} == {"n": 1, "m": 3}
    assert stored.create_time == created.create_time
    generated.delete_document(name=created.name)
    with pytest.raises(NotFound):
        generated.get_document(request={"name": created.name})


def test_a_write_with_a_malformed_mask_of_its_response_changes_nothing(
    generated: FirestoreClient, database: str, cities: CollectionReference
) -> None:
    malformed = {"mask": {"field_paths": ["a..b"]}}
    document = Document(name=f"{database}/documents/cities/paris")
    with pytest.raises(InvalidArgument):
        generated.update_document(request={"document": document, **malformed})
    new = {"parent": f"{database}/documents", "collection_id": "cities", "document": Document()}
    with pytest.raises(InvalidArgument):
        generated.create_document(request={**new, **malformed})
    assert list(cities.stream()) == []


def test_a_document_to_create_has_no_name(
    generated: FirestoreClient, database: str, cities: CollectionReference
) -> None:
    request = {"parent": f"{database}/documents", "collection_id": "cities", "document_id": "paris"}
    named = Document(name=f"{database}/documents/cities/paris")
    with pytest.raises(InvalidArgument, match="must not be set"):
        generated.create_document(request={**request, "document": named})
    assert not cities.document("paris").get().exists
    generated.create_document(request={**request, "document": Document()})


def test_databases_and_projects_are_apart(generated: FirestoreClient, database: str, client: Client) -> None:
    other = database.replace("(default)", "second")
    generated.commit(database=other, writes=[update(other, "a/1", n=integer(1))])
    assert not client.document("a/1").get().exists
    assert generated.get_document(request={"name": f"{other}/documents/a/1"}).fields["n"].integer_value == 1
    with pytest.raises(InvalidArgument):
        generated.commit(database=database, writes=[update(other, "a/1")])


def test_a_read_can_ask_for_some_fields(cities: CollectionReference) -> None:
    document = cities.document("paris")
    document.set({"a": {"b": 1, "c": 2}, "d": 3})
    assert document.get(field_paths=["a.b", "missing"]).to_dict() == {"a": {"b": 1}}
    assert not cities.document("nowhere").get(field_paths=["a"]).exists
