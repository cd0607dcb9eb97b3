"""What a database keeps of documents that are gone."""

import time

from google_apis.firestore.document_pb2 import Document
from google_apis.firestore.write_pb2 import Write
from infra.local.firestore import writes
from infra.local.firestore.clock import Clock
from infra.local.firestore.indexes import Indexes
from infra.local.firestore.store import Settings, Store
from infra.local.firestore.transactions import Patience

DATABASE = "projects/p/databases/(default)"
NAME = f"{DATABASE}/documents/a/1"


async def test_nothing_is_kept_of_a_document_that_one_commit_makes_and_deletes() -> None:
    store = Store(Settings(Clock(time.time_ns), Indexes(), Patience(), retention=3600))
    database = store.database(DATABASE)
    making, deletion = Write(update=Document(name=NAME)), Write(delete=NAME)
    await database.commit([writes.check(write, DATABASE) for write in (making, deletion)])
    assert list(database.documents.everything.records()) == []
