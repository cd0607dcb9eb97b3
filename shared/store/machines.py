"""Machines in the store."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, NamedTuple, Self

from google_apis.firestore.document_pb2 import Document
from google_apis.firestore.query_pb2 import StructuredQuery
from shared.domain import search
from shared.domain.deadline import Deadline
from shared.domain.errors import MachineNotFound
from shared.domain.identities import mac_identity
from shared.domain.machine_change import MachineChange
from shared.domain.plain import Plain, plain
from shared.pb.inventory.v1.documents_pb2 import SerializedDocument
from shared.pb.inventory.v1.machine_pb2 import Machine
from shared.pb.inventory.v1.records_pb2 import IdentityClaim
from shared.store import paths, writes
from shared.store.codec import decode, decode_plain, decode_serialized, encode
from shared.store.firestore import Firestore
from shared.store.heartbeats import SHARD, shard_fields
from shared.store.wire_format import Write, key_set, write

# A machine's terms are the keys of a map, because a query can have any number of keys but only one element of
# an array: https://firebase.google.com/docs/firestore/query-data/queries#query_limitations
TERMS = "terms"
LABEL_SET = "label_set"
# The value of `last_seen` when the version was made. If it differs now, there was a heartbeat since.
VERSION_LAST_SEEN = "version_last_seen"
# The fields that are read of a machine: without its terms, which are larger than the rest and never needed.
MACHINE_FIELDS = tuple(field.name for field in Machine.DESCRIPTOR.fields)
# The same fields, as the selection of a query.
MACHINE_SELECTION = [StructuredQuery.FieldReference(field_path=name) for name in MACHINE_FIELDS]
_SEARCHED = frozenset({"name", "hostname", "labels"})


@dataclass(frozen=True)
class StoredMachine:
    """A machine that was read to be changed.

    Attributes:
        machine: the machine.
        plain: the same as plain values, which must not be changed: see `decode_plain`.
        document: the document that it was read from, which is the precondition of a write.
    """

    machine: Machine
    plain: Plain
    document: Document

    @classmethod
    def of(cls, document: Document) -> Self:
        """Decode a machine's document."""
        values = decode_plain(document.fields, Machine)
        return cls(Machine(**values), values, document)

    def plain_after(self, after: Machine, fields: Iterable[str]) -> Plain:
        """Return the changed machine as plain values, given the names of all fields that differ."""
        return {**self.plain, **plain(after, fields)}


async def read_stored_machine(
    firestore: Firestore, organization_id: str, machine_id: str, deadline: Deadline
) -> StoredMachine:
    """Read a machine, to change it.

    Raises:
        MachineNotFound: the organization has no machine with that id.
    """
    path = paths.machine(organization_id, machine_id)
    document = await firestore.get(path, deadline, fields=MACHINE_FIELDS)
    if document is None:
        raise MachineNotFound(machine_id)
    return StoredMachine.of(document)


async def read_machine(
    firestore: Firestore, organization_id: str, machine_id: str, deadline: Deadline
) -> tuple[Plain, bool]:
    """Read a machine as plain values, and whether there was no heartbeat since its version was made.

    A heartbeat makes no version. If the version is older than the field `VERSION_LAST_SEEN`, this is unknown,
    and the result is False.

    Raises:
        MachineNotFound: the organization has no machine with that id.
    """
    path = paths.machine(organization_id, machine_id)
    document = await firestore.get_serialized(path, deadline, fields=[*MACHINE_FIELDS, VERSION_LAST_SEEN])
    if document is None:
        raise MachineNotFound(machine_id)
    is_as_versioned = document.fields.get("last_seen") == document.fields.get(VERSION_LAST_SEEN, b"")
    return plain_machine(document), is_as_versioned


class FoundMachine(NamedTuple):
    """A machine that a query found.

    Attributes:
        id: the machine's id.
        size: the size of its document in bytes, which limits what is read for a page.
        plain: the machine as plain values, which must not be changed: see `decode_plain`.
    """

    id: str
    size: int
    plain: Plain

    @classmethod
    def of(cls, document: SerializedDocument) -> Self:
        """Decode a machine's document."""
        return cls(id_of(document), document.ByteSize(), plain_machine(document))


def id_of(document: SerializedDocument) -> str:
    """Return a machine's id without decoding the document."""
    return document.name.rpartition("/")[2]


def plain_machine(document: SerializedDocument) -> Plain:
    """Return a machine as plain values, which must not be changed: see `decode_plain`."""
    return decode_serialized(document.fields, Machine)


async def find_machine_with_mac(
    firestore: Firestore, organization_id: str, mac: str, deadline: Deadline
) -> Plain | None:
    """Return the machine with a canonical MAC address, or None; reads the claim, then the machine."""
    path = paths.identity(mac_identity(mac))
    document = await firestore.get(path, deadline)
    if document is None:
        return None
    claim = decode(document.fields, IdentityClaim)
    if claim.organization_id != organization_id:
        return None
    try:
        machine, _ = await read_machine(firestore, organization_id, claim.machine_id, deadline)
    except MachineNotFound:
        return None  # deleted between the two reads
    return machine if any(nic["mac"] == mac for nic in machine["nics"]) else None


def create_machine(firestore: Firestore, machine: Machine) -> Write:
    """Return the write that creates a machine's document; the commit fails if it exists."""
    name = firestore.name(paths.machine(machine.organization_id, machine.id))
    fields = encode(machine) | shard_fields(machine) | _label_set(machine) | version_last_seen(machine)
    return write(
        update={"name": name, "fields": fields}, current_document={"exists": False}, merged=_terms(machine)
    )


def change_machine(stored: StoredMachine, change: MachineChange) -> Write:
    """Return the write of a changed machine; the commit fails if the document changed after it was read."""
    after, names = change.after, change.written
    extra = version_last_seen(after) if change.makes_version else {}
    merged = b""
    if "status" in names:
        extra |= {SHARD: None} | shard_fields(after)
    if not _SEARCHED.isdisjoint(names):
        extra |= {TERMS: None} | _label_set(after)
        merged = _terms(after)
    return writes.update(after, names, stored.document, extra, merged=merged)


def version_last_seen(machine: Machine) -> dict[str, Any]:
    """Return the field that keeps a version's `last_seen`, because heartbeats change `last_seen` itself."""
    return {VERSION_LAST_SEEN: encode(machine, ["last_seen"])["last_seen"]}


def _label_set(machine: Machine) -> dict[str, Any]:
    return {LABEL_SET: {"string_value": search.label_set(machine)}}


def _terms(machine: Machine) -> bytes:
    """Return the serialized part of a write that sets a machine's search terms."""
    return key_set(TERMS, search.prefixed_terms(machine))
