"""How large a machine may be: it, its event and its answer are each a part of a document of 1 MiB."""

from collections.abc import Container

from shared.domain import search
from shared.domain.errors import Fault, Invalid
from shared.domain.plain import plain
from shared.edge.answers import json_answer
from shared.edge.machine_view import machine_json
from shared.edge.size import too_large
from shared.pb.inventory.v1.machine_pb2 import Machine

# https://cloud.google.com/firestore/quotas#limits; an update's event carries the machine twice.
MAX_MESSAGE_BYTES = 480 * 1024
MAX_JSON_BYTES = 960 * 1024
# Of the 40,000 index entries of a document, and of the 8 MiB that they have together.
MAX_TERMS = 30_000
MAX_INDEX_BYTES = 7 * 1024 * 1024
# Beside the term, and the organization's id in the names of the document and its parent:
# https://firebase.google.com/docs/firestore/storage-size#index-entry-size
_INDEX_ENTRY = 150
# The machine's message and its terms. The names of a document's fields, which a message lacks, take 50 KiB
# where a profile has as many parts as it may; the pools that a machine joins later take 4 KiB.
MAX_DOCUMENT_BYTES = 920 * 1024
# A pool's id, its length and the field's number. They do not count: requests about the machine have none.
_POOL_BYTES = 36 + 1 + 2
# What a byte of a message becomes in JSON at most: a control character is written \u0000.
_LONGEST_ESCAPE = 6
_LONGEST_FRAME = 4 * 1024  # of the fields that every machine has
# A term of a name or hostname: 16 characters of 4 bytes, its marks, and what a key and its value take beside.
_LONGEST_TERM = 16 * 4 + 6 + 2
_OTHER_TERMS = 64 * 1024  # those of the id and of 64 labels

# What makes a machine large: the rest of what a patch says fits in what the limits leave.
SIZABLE = frozenset({"name", "hostname", "agent_version", "os_info", "machine_parameters"})
_FIELDS = frozenset(field.name for field in Machine.DESCRIPTOR.fields)


def require_storable(machine: Machine, sent: Container[str] = _FIELDS) -> None:
    """Refuse a machine that cannot be stored with its event and its answer.

    Args:
        machine: as it would be.
        sent: names of its fields that the request sets.

    Raises:
        Invalid: it is too large.
    """
    size = machine.ByteSize() - len(machine.pool_ids) * _POOL_BYTES
    if size > MAX_MESSAGE_BYTES:
        raise too_large(machine, sent, f"{MAX_MESSAGE_BYTES} bytes")
    _require_searchable(machine, sent, size)
    if size * _LONGEST_ESCAPE + _LONGEST_FRAME <= MAX_JSON_BYTES:
        return
    if len(json_answer(200, machine_json(plain(machine))).body) > MAX_JSON_BYTES:
        raise too_large(machine, sent, f"{MAX_JSON_BYTES} bytes as JSON")


def _require_searchable(machine: Machine, sent: Container[str], size: int) -> None:
    """Refuse a machine that cannot be stored with the terms that it is searched by."""
    most_terms = (search.LONGEST_RUN + 1) * len(search.fold(machine.name + machine.hostname))
    if size + most_terms * _LONGEST_TERM + _OTHER_TERMS <= MAX_DOCUMENT_BYTES:
        return
    terms = set(search.terms(machine))
    field = max(("name", "hostname"), key=lambda name: _terms_of(machine, name))
    term_bytes = sum(len(term.encode()) for term in terms)
    index_bytes = term_bytes + len(terms) * (_INDEX_ENTRY + 2 * len(machine.organization_id))
    if len(terms) > MAX_TERMS or index_bytes > MAX_INDEX_BYTES:
        raise _too_long(field, "it is searched by too many parts of it")
    if size + term_bytes + 2 * len(terms) > MAX_DOCUMENT_BYTES:
        most = f"{MAX_DOCUMENT_BYTES} bytes with what it is searched by"
        if field not in sent:
            raise too_large(machine, sent, most)
        raise _too_long(field, f"the machine takes more than {most}")


def _terms_of(machine: Machine, field: str) -> int:
    return len(set(search.terms(Machine(**{field: getattr(machine, field)}))))


def _too_long(field: str, reason: str) -> Invalid:
    return Invalid([Fault(("body", field), "too_large", f"must be shorter: {reason}")])
