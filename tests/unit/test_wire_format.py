"""The product serializes commits as protobuf does."""

from hypothesis import given
from hypothesis import strategies as st

from google_apis.firestore.firestore_pb2 import CommitRequest
from shared.store import wire_format

# Lengths of one and of two bytes, below and above the limit of seven bits; characters of several bytes.
PREFIXES = st.text(st.characters(exclude_categories=["Cs"]), max_size=5) | st.text(
    "a\u00df", min_size=100, max_size=200
)
PREFIXED = st.integers(0, 60).flatmap(
    lambda length: st.tuples(PREFIXES, st.lists(st.text("ab-\u00df", min_size=length, max_size=length)))
)
DOCUMENT = "projects/p/databases/d/documents/machines/1"


def read(*writes: wire_format.Write) -> CommitRequest:
    return CommitRequest.FromString(wire_format.commit("projects/p/databases/d", writes, b"transaction"))


@given(st.lists(PREFIXED))
def test_a_set_of_keys_is_the_map_that_it_stands_for(prefixed: list[tuple[str, list[str]]]) -> None:
    fields = {"name": {"string_value": "rack"}}
    keys = [prefix + suffix for prefix, suffixes in prefixed for suffix in suffixes]
    terms = {"map_value": {"fields": {key: {"boolean_value": True} for key in keys}}}

    written = wire_format.write(
        update={"name": DOCUMENT, "fields": fields},
        current_document={"exists": False},
        merged=wire_format.key_set("terms", prefixed),
    )

    update = {"name": DOCUMENT, "fields": fields | {"terms": terms}}
    assert [
        CommitRequest(writes=[{"update": update, "current_document": {"exists": False}}]).writes[0]
    ] == list(read(written).writes)


def test_a_commit_has_its_writes_in_their_order_and_its_transaction() -> None:
    names = [f"{DOCUMENT}{number}" for number in range(3)]

    expected = CommitRequest(
        database="projects/p/databases/d",
        writes=[{"delete": name} for name in names],
        transaction=b"transaction",
    )

    assert expected == read(*(wire_format.write(delete=name) for name in names))
