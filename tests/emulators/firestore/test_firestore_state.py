"""What a database keeps: nothing of documents that are gone, and transactions that are in use."""

import asyncio
import time

import pytest

from google_apis.firestore.common_pb2 import TransactionOptions
from google_apis.firestore.document_pb2 import Document
from google_apis.firestore.write_pb2 import Write
from infra.local.firestore import writes
from infra.local.firestore.clock import Clock
from infra.local.firestore.errors import InvalidArgumentError
from infra.local.firestore.indexes import Indexes
from infra.local.firestore.store import Settings, Store
from infra.local.firestore.transactions import Patience
from tests import virtual_time

DATABASE = "projects/p/databases/(default)"
NAME = f"{DATABASE}/documents/a/1"
PATIENCE = Patience()


def new_store() -> Store:
    return Store(Settings(Clock(time.time_ns), Indexes(), PATIENCE, retention=3600))


async def test_nothing_is_kept_of_a_document_that_one_commit_makes_and_deletes() -> None:
    database = new_store().database(DATABASE)
    making, deletion = Write(update=Document(name=NAME)), Write(delete=NAME)
    await database.commit([writes.check(write, DATABASE) for write in (making, deletion)])
    assert list(database.documents.everything.records()) == []


def test_a_transaction_is_not_idle_while_it_is_in_use() -> None:
    async def use() -> None:
        transactions = new_store().database(DATABASE).transactions
        token = transactions.begin(TransactionOptions(), horizon=0).token
        with transactions.using(token):
            await asyncio.sleep(2 * PATIENCE.idle)
        await asyncio.sleep(PATIENCE.idle - 1)
        with transactions.using(token):
            pass
        await asyncio.sleep(PATIENCE.idle + 1)
        with pytest.raises(InvalidArgumentError), transactions.using(token):
            pass

    virtual_time.run(use())
