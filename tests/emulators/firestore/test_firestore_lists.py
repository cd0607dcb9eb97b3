"""ListDocuments and ListCollectionIds."""

import pytest
from google.api_core.exceptions import InvalidArgument
from google.cloud.firestore import Client
from google.cloud.firestore_v1.services.firestore import FirestoreClient
from google.cloud.firestore_v1.types import ListDocumentsRequest


@pytest.fixture
def filled(client: Client) -> Client:
    for path in ("a/1", "a/2", "a/3", "a/missing/b/1", "a/1/b/1", "a/1/c/1/d/1", "z/1", "Z/1"):
        client.document(path).set({"n": -ord(path[2]), "m": 1})
    return client


def listed(generated: FirestoreClient, database: str, **options: object) -> list[str]:
    request = ListDocumentsRequest(parent=f"{database}/documents", collection_id="a", **options)
    return [document.name.rpartition("/")[2] for document in generated.list_documents(request=request)]


@pytest.mark.usefixtures("filled")
def test_documents_are_listed_in_pages(generated: FirestoreClient, database: str) -> None:
    assert listed(generated, database) == ["1", "2", "3"]
    assert listed(generated, database, page_size=1) == ["1", "2", "3"]
    assert listed(generated, database, page_size=2, order_by="n desc") == ["1", "2", "3"]
    assert listed(generated, database, page_size=2, order_by="n, __name__") == ["3", "2", "1"]
    assert listed(generated, database, page_size=2, order_by="absent") == []


@pytest.mark.usefixtures("filled")
def test_missing_documents_with_something_below_them_are_listed_on_demand(
    generated: FirestoreClient, database: str, client: Client
) -> None:
    assert listed(generated, database, show_missing=True, page_size=3) == ["1", "2", "3", "missing"]
    references = client.collection("a").list_documents()  # Google's client requests missing documents too
    assert sorted(reference.id for reference in references) == ["1", "2", "3", "missing"]


@pytest.mark.usefixtures("filled")
def test_a_list_can_show_some_fields(generated: FirestoreClient, database: str) -> None:
    request = {"parent": f"{database}/documents", "collection_id": "a", "mask": {"field_paths": ["n"]}}
    assert [set(document.fields) for document in generated.list_documents(request=request)] == [{"n"}] * 3


@pytest.mark.parametrize(
    "options",
    [
        {"page_size": -1},
        {"page_token": "no token"},
        {"order_by": "n sideways"},
        {"order_by": "n", "show_missing": True},
    ],
)
def test_a_malformed_list_is_rejected(
    options: dict[str, object], generated: FirestoreClient, database: str
) -> None:
    with pytest.raises(InvalidArgument):
        listed(generated, database, **options)


def test_collections_are_listed_below_the_root_and_below_documents(
    generated: FirestoreClient, database: str, filled: Client
) -> None:
    assert [collection.id for collection in filled.collections()] == ["Z", "a", "z"]
    assert [collection.id for collection in filled.document("a/1").collections()] == ["b", "c"]
    assert [collection.id for collection in filled.document("a/missing").collections()] == ["b"]
    assert [collection.id for collection in filled.document("a/2").collections()] == []
    paged = generated.list_collection_ids(request={"parent": f"{database}/documents", "page_size": 1})
    assert list(paged) == ["Z", "a", "z"]
    for options in ({"page_size": -1}, {"page_token": "no token"}):
        with pytest.raises(InvalidArgument):
            generated.list_collection_ids(request={"parent": f"{database}/documents", **options})
    filled.document("z/1").delete()
    assert [collection.id for collection in filled.collections()] == ["Z", "a"]
