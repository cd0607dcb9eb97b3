"""Queries for machines, which have indexes for any combination of filters.

All conditions of a list are equalities, so Firestore merges the indexes of single fields, and combinations
need no indexes: https://firebase.google.com/docs/firestore/query-data/index-overview. All indexes end with
the document's name, which is the machine's id. So descending order is newest first, and a range of times is a
range of names.
"""

from collections.abc import Iterable, Sequence

from google_apis.firestore.document_pb2 import Value
from google_apis.firestore.query_pb2 import StructuredQuery
from shared.domain import machine_ids, search
from shared.domain.machine_filter import MachineFilter
from shared.store import paths
from shared.store.firestore import Firestore
from shared.store.machines import LABEL_SET, MACHINE_SELECTION, TERMS
from shared.store.queries import FieldFilter, Filter, all_in, all_of, any_of, condition

# In disjunctive normal form: https://firebase.google.com/docs/firestore/query-data/queries#query_limitations
MAX_ALTERNATIVES = 30
# Filters, sort orders and the path of the parent document: https://cloud.google.com/firestore/quotas#limits
MAX_CONDITIONS = 100
_OTHERS = 3  # the order, the parent, and the sets of label keys

_HELD = Value(boolean_value=True)


def machines_query(  # noqa: PLR0913 - a query, by name
    firestore: Firestore,
    machine_filter: MachineFilter,
    *,
    label_sets: Sequence[str] = (),
    after: str | None = None,
    oldest: str | None = None,
    candidates: bool = False,
) -> StructuredQuery:
    """Return a query for machines, newest first; the caller sets the limit.

    Args:
        firestore: the database, which determines names of documents.
        machine_filter: the filter. Labels that must be absent are ignored here: see `label_sets`.
        label_sets: the sets of label keys that a machine can have; if empty, any.
        after: the id of the previous page's last machine.
        oldest: the id of a machine that matches; older ones are not wanted.
        candidates: query the machines that a long search must verify, instead of those that it finds.
    """
    query = all_in("machines")
    query.select.fields.extend(MACHINE_SELECTION)
    conditions = list(_conditions(machine_filter, label_sets, candidates=candidates))
    # Without other conditions, use one that all machines of the collection meet, because Firestore's own
    # index of names is ascending.
    query.where.CopyFrom(
        all_of(conditions or [_equal("organization_id", Value(string_value=machine_filter.organization_id))])
    )
    query.order_by.add(direction=StructuredQuery.DESCENDING).field.field_path = "__name__"

    def reference(machine_id: str) -> Value:
        path = paths.machine(machine_filter.organization_id, machine_id)
        return Value(reference_value=firestore.name(path))

    if after is not None:
        query.start_at.values.append(reference(after))
    elif machine_filter.created_to is not None:
        query.start_at.values.append(reference(machine_ids.last_until(machine_filter.created_to)))
        query.start_at.before = True
    if oldest is not None:
        query.end_at.values.append(reference(oldest))
    elif machine_filter.created_from is not None:
        query.end_at.values.append(reference(machine_ids.first_since(machine_filter.created_from)))
    return query


def label_sets_a_query(machine_filter: MachineFilter) -> int:
    """Return how many sets of label keys one query can contain in addition to the search."""
    return MAX_ALTERNATIVES // len(_search(machine_filter)) if machine_filter.search else MAX_ALTERNATIVES


def fits_one_query(machine_filter: MachineFilter) -> bool:
    """Return whether a filter's conditions are few enough for one query."""
    conditions = _conditions(machine_filter, (), candidates=False)
    return sum(1 for where in conditions for _ in _field_filters(where)) + _OTHERS <= MAX_CONDITIONS


def _field_filters(where: Filter) -> Iterable[FieldFilter]:
    if where.HasField("field_filter"):
        yield where.field_filter
    for part in where.composite_filter.filters:
        yield from _field_filters(part)


def _conditions(
    machine_filter: MachineFilter, label_sets: Sequence[str], *, candidates: bool
) -> Iterable[Filter]:
    if machine_filter.name is not None:
        yield _equal("name", Value(string_value=machine_filter.name))
    if machine_filter.status is not None:
        yield _equal("status", Value(integer_value=machine_filter.status))
    if machine_filter.pool_id is not None:
        yield condition("pool_ids", FieldFilter.ARRAY_CONTAINS, Value(string_value=machine_filter.pool_id))
    for label in dict.fromkeys(machine_filter.labels):
        if not label.absent:
            yield from _has(search.label_terms(machine_filter.organization_id, label.key, label.value))
    if machine_filter.search:
        yield any_of(all_of(_has(terms)) for terms in _search(machine_filter, candidates=candidates))
    if label_sets:
        values = Value()
        values.array_value.values.extend(Value(string_value=label_set) for label_set in label_sets)
        yield condition(LABEL_SET, FieldFilter.IN, values)


def _search(machine_filter: MachineFilter, *, candidates: bool = False) -> list[search.Terms]:
    alternatives = search.candidates if candidates else search.containing
    return alternatives(machine_filter.organization_id, search.fold(machine_filter.search or ""))


def _has(terms: search.Terms) -> Iterable[Filter]:
    return (_equal(f"{TERMS}.{_quote(term)}", _HELD) for term in terms)


def _quote(name: str) -> str:
    """Quote a name as a segment of a field path: google.firestore.v1.StructuredQuery.FieldReference."""
    escaped = name.replace("\\", "\\\\").replace("`", "\\`")
    return f"`{escaped}`"


def _equal(path: str, value: Value) -> Filter:
    return condition(path, FieldFilter.EQUAL, value)
