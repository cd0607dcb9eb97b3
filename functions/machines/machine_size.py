"""Limits of a machine's size: it, its event and its recorded response are in documents of at most 1 MiB."""

from collections.abc import Container

from shared.domain import search
from shared.domain.errors import Fault, Invalid
from shared.domain.plain import plain
from shared.edge.machine_view import machine_json
from shared.edge.responses import json_response
from shared.edge.size import too_large
from shared.pb.inventory.v1.machine_pb2 import Machine

# https://cloud.google.com/firestore/quotas#limits; an update's event contains the machine twice.
MAX_MESSAGE_BYTES = 480 * 1024
MAX_JSON_BYTES = 960 * 1024
# A document can have 40,000 index entries, of 8 MiB in all.
MAX_TERMS = 30_000
MAX_INDEX_BYTES = 7 * 1024 * 1024
# The size of an index entry without its term, and without the organization's id, which is in the names of the
# document and its parent: https://firebase.google.com/docs/firestore/storage-size#index-entry-size
_INDEX_ENTRY = 150
# For the machine's message and its terms. A document also has the names of fields, which take 50 KiB if a
# profile has the most parts, and the pools that the machine joins later, which take 4 KiB.
MAX_DOCUMENT_BYTES = 920 * 1024
# A pool's id, its length and the field's number. They do not count: requests about the machine have none.
_POOL_BYTES = 36 + 1 + 2
# The most bytes that a byte of a message becomes in JSON: a control character becomes \u0000.
_MAX_ESCAPE_BYTES = 6
_MAX_FRAME_BYTES = 4 * 1024  # of the fields that every machine has
# A term of a name or hostname: 16 characters of 4 bytes, its prefix, and the overhead of a key and its value.
_MAX_TERM_BYTES = 16 * 4 + 6 + 2
_OTHER_TERMS = 64 * 1024  # those of the id and of 64 labels

# The fields of a patch that can make a machine too large: the other ones fit in the margin of the limits.
SIZABLE = frozenset({"name", "hostname", "agent_version", "os_info", "machine_parameters"})
_FIELDS = frozenset(field.name for field in Machine.DESCRIPTOR.fields)


def require_storable(machine: Machine, sent: Container[str] = _FIELDS) -> None:
    """Reject a machine that cannot be stored with its event and its recorded response.

    Args:
        machine: the machine after the request.
        sent: the names of the fields that the request sets.

    Raises:
        Invalid: the machine is too large.
    """
    size = machine.ByteSize() - len(machine.pool_ids) * _POOL_BYTES
    if size > MAX_MESSAGE_BYTES:
        raise too_large(machine, sent, f"{MAX_MESSAGE_BYTES} bytes")
    _require_searchable(machine, sent, size)
    if size * _MAX_ESCAPE_BYTES + _MAX_FRAME_BYTES <= MAX_JSON_BYTES:
        return
    if len(json_response(200, machine_json(plain(machine))).body) > MAX_JSON_BYTES:
        raise too_large(machine, sent, f"{MAX_JSON_BYTES} bytes as JSON")


def _require_searchable(machine: Machine, sent: Container[str], size: int) -> None:
    """Reject a machine that cannot be stored with its search terms."""
    max_terms = (search.MAX_RUN_LENGTH + 1) * len(search.fold(machine.name + machine.hostname))
    if size + max_terms * _MAX_TERM_BYTES + _OTHER_TERMS <= MAX_DOCUMENT_BYTES:
        return
    terms = set(search.terms(machine))
    term_bytes = sum(len(term.encode()) for term in terms)
    index_bytes = term_bytes + len(terms) * (_INDEX_ENTRY + 2 * len(machine.organization_id))
    if len(terms) > MAX_TERMS or index_bytes > MAX_INDEX_BYTES:
        raise _too_long(_most_searched(machine), "it is searched by too many parts of it")
    if size + term_bytes + 2 * len(terms) > MAX_DOCUMENT_BYTES:
        limit = f"{MAX_DOCUMENT_BYTES} bytes with what it is searched by"
        field = _most_searched(machine)
        if field not in sent:
            raise too_large(machine, sent, limit)
        raise _too_long(field, f"the machine takes more than {limit}")


def _most_searched(machine: Machine) -> str:
    """Return the field with the most terms. Only errors need it, because up to 30,000 terms take time."""
    return max(("name", "hostname"), key=lambda field: _count_terms(machine, field))


def _count_terms(machine: Machine, field: str) -> int:
    return len(set(search.terms(Machine(**{field: getattr(machine, field)}))))


def _too_long(field: str, reason: str) -> Invalid:
    return Invalid([Fault(("body", field), "too_large", f"must be shorter: {reason}")])
