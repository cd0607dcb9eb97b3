"""Documents and their versions.

A document is kept serialized, as it is sent. Each change makes a new version, and superseded versions stay
readable as long as the database retains them. Everything here runs in one step of the event loop, and so is
atomic. Documents change only in `Database.apply`.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Mapping

from infra.local.firestore import ordering
from infra.local.firestore.indexes import Indexes
from infra.local.firestore.scope import Scope


class Version:
    """A document as it was from one commit to the next.

    Attributes:
        data: The serialized `google.firestore.v1.Document`; empty where the document did not exist.
        created: Its creation time, in microseconds.
        updated: The time of the commit that made this version.
        previous: The version before this one, while it is retained.
    """

    __slots__ = ("created", "data", "previous", "updated")

    def __init__(self, data: bytes, created: int, updated: int) -> None:
        self.data = data
        self.created = created
        self.updated = updated
        self.previous: Version | None = None


class Record:
    """A document with its versions; it exists, or existed within the retention time."""

    __slots__ = ("collection", "id", "latest")

    def __init__(self, collection: "Collection", identifier: str, latest: Version) -> None:
        self.collection = collection
        self.id = identifier
        self.latest = latest

    @property
    def path(self) -> str:
        """The document's path below `documents/`."""
        return f"{self.collection.path}/{self.id}"

    @property
    def name(self) -> bytes:
        """The document's path in the encoding of indexes."""
        return self.collection.encoded + ordering.encode_id(self.id)

    def at(self, time: int | None) -> Version | None:
        """Return the version at a time, by default the latest; None if the document did not exist then."""
        version: Version | None = self.latest
        if time is not None:
            while version is not None and version.updated > time:
                version = version.previous
        return version if version is not None and version.data else None


class Collection(Scope):
    """The documents of one collection, with the larger scopes of queries that include them."""

    def __init__(self, path: str, group: Scope, everything: Scope) -> None:
        super().__init__()
        self.path = path
        self.parent, _, self.id = path.rpartition("/")
        self.encoded = ordering.encode_collection(path)
        self.by_id: dict[str, Record] = {}
        self.scopes = (self, group, everything)

    def records(self) -> Iterable[Record]:
        """Return all records of the collection, in no particular order."""
        return self.by_id.values()


class Union(Scope):
    """The documents of several collections: a collection group, or all."""

    def __init__(self) -> None:
        super().__init__()
        self.collections: dict[Collection, None] = {}

    def records(self) -> Iterator[Record]:
        """Return all records of the collections, in no particular order."""
        return (record for collection in self.collections for record in collection.records())


class Database:
    """One database of one project.

    Attributes:
        horizon: The oldest time that can be read.
    """

    def __init__(self, retention: int, indexes: Indexes, horizon: int = 0) -> None:
        """Start empty, without any versions from before `horizon`.

        Superseded versions are retained for `retention` microseconds.
        """
        self.horizon = horizon
        self.collections: dict[str, Collection] = {}
        self.groups: dict[str, Union] = {}
        self.everything = Union()
        self._retention = retention
        self._indexes = indexes
        self._outdated: dict[Scope, None] = {}  # changed since their indexes were last brought up to date
        self._superseded: deque[tuple[Version, Record]] = deque()  # with the new version, oldest first

    def load(self, path: str, version: Version) -> None:
        """Add a document of an earlier run. Its earlier versions are unknown."""
        self._add(path, version)
        self.horizon = max(self.horizon, version.updated)

    def get(self, path: str, time: int | None = None) -> Version | None:
        """Return a document's version at a time, by default the latest; None if it did not exist then."""
        record = self._record(path)
        return None if record is None else record.at(time)

    def apply(self, changes: Mapping[str, Version], time: int) -> None:
        """Make these the latest versions of their documents, by path, at a commit's time."""
        for path, version in changes.items():
            record = self._record(path)
            if record is None:
                if version.data:  # otherwise, the commit itself created and deleted it
                    self._add(path, version)
                continue
            version.previous = record.latest
            record.latest = version
            self._superseded.append((version, record))
            self._mark(record)
        self.horizon = max(self.horizon, time - self._retention)
        self._forget(self.horizon)

    def bring_indexes_up_to_date(self) -> Iterator[None]:
        """Bring the indexes of everything that has changed up to date, each once, even if it changes again.

        Yields:
            After each step, so that others can run.
        """
        outdated, self._outdated = self._outdated, {}
        for scope in outdated:
            yield from scope.bring_up_to_date()

    def changed_since(self, time: int) -> Iterator[Record]:
        """Yield the records that had a version superseded after a time; a record can occur repeatedly."""
        for version, record in reversed(self._superseded):
            if version.updated <= time:
                return
            yield record

    def _record(self, path: str) -> Record | None:
        parent, _, identifier = path.rpartition("/")
        collection = self.collections.get(parent)
        return None if collection is None else collection.by_id.get(identifier)

    def _add(self, path: str, version: Version) -> None:
        parent, _, identifier = path.rpartition("/")
        collection = self.collections.get(parent) or self._add_collection(parent)
        record = collection.by_id[identifier] = Record(collection, identifier, version)
        self._mark(record)

    def _mark(self, record: Record) -> None:
        """Mark a record as changed in all of its scopes."""
        for scope in record.collection.scopes:
            scope.changed(record)
            self._outdated[scope] = None

    def _add_collection(self, path: str) -> Collection:
        identifier = path.rpartition("/")[2]
        group = self.groups.get(identifier)
        if group is None:
            group = self.groups[identifier] = Union()
            group.declare(self._indexes.declared(identifier, group=True))
        collection = self.collections[path] = Collection(path, group, self.everything)
        collection.declare(self._indexes.declared(identifier, group=False))
        group.collections[collection] = self.everything.collections[collection] = None
        return collection

    def _remove_collection(self, collection: Collection) -> None:
        del self.collections[collection.path]
        del self.groups[collection.id].collections[collection], self.everything.collections[collection]

    def _forget(self, time: int) -> None:
        """Drop versions superseded until a time, and records of documents that were deleted until then."""
        while self._superseded and self._superseded[0][0].updated <= time:
            version, record = self._superseded.popleft()
            version.previous = None
            if not version.data and record.latest is version:
                del record.collection.by_id[record.id]
                if not record.collection.by_id:
                    self._remove_collection(record.collection)
