"""Queries: their results, the order of results, and rejected queries."""

from collections.abc import Callable, Iterable
from contextlib import nullcontext

import pytest
from google.api_core.exceptions import FailedPrecondition, InvalidArgument
from google.cloud.firestore import And, Client, CollectionReference, FieldFilter, Or, Query
from google.cloud.firestore_v1.base_query import BaseFilter
from google.cloud.firestore_v1.services.firestore import FirestoreClient
from google.cloud.firestore_v1.types import StructuredQuery

CITIES: dict[str, dict[str, object]] = {
    "a": {"n": 1, "tag": ["x", "y"], "at": {"lat": 1}, "state": "CA"},
    "b": {"n": 2, "tag": ["y", "z"], "at": {"lat": 2}, "state": "CA"},
    "c": {"n": 3, "tag": ["x"], "at": {"lat": 3}, "state": "NY"},
    "d": {"n": None, "tag": [], "state": "NY"},
    "e": {"n": float("nan"), "tag": "x"},
    "f": {"tag": [None]},
    "g": {"n": "text", "state": None},
}


@pytest.fixture
def filled(client: Client, cities: CollectionReference) -> CollectionReference:
    batch = client.batch()
    for name, fields in CITIES.items():
        batch.set(cities.document(name), fields)
    batch.set(client.document("elsewhere/a"), CITIES["a"])
    batch.set(client.document("cities/a/cities/deep"), CITIES["a"])
    batch.commit()
    return cities


def ids(query: Query | CollectionReference) -> str:
    return "".join(snapshot.id for snapshot in query.stream())


def where(path: str, operator: str, value: object) -> FieldFilter:
    return FieldFilter(path, operator, value)


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (where("n", "==", 2), "b"),
        (where("n", "==", None), "d"),
        (where("n", "==", float("nan")), "e"),
        (where("n", "!=", 2), "eacg"),
        (where("n", "!=", None), "eabcg"),
        (where("n", "!=", float("nan")), "abcg"),
        (where("n", "<", 3), "eab"),
        (where("n", ">=", 2), "bc"),
        (where("n", ">", "s"), "g"),
        (where("n", "in", [1, 3, "text", 99]), "acg"),
        (where("n", "not-in", [1, 3]), "ebg"),
        (where("n", "not-in", [1, float("nan")]), "bcg"),
        (where("tag", "array_contains", "x"), "ac"),
        (where("tag", "array_contains_any", ["x", "z"]), "abc"),
        (where("tag", "==", ["x"]), "c"),
        (where("tag", "in", [["x"], "x"]), "ce"),
        (where("at.lat", ">", 1), "bc"),
        (where("at", "==", {"lat": 2}), "b"),
        (And([where("state", "==", "CA"), where("n", ">", 1)]), "b"),
        (And([where("n", ">", 1), where("at.lat", "<", 3)]), "b"),
        (And([where("n", ">", 1), where("n", "<", 3)]), "b"),
        (And([where("n", "==", 1), where("n", "==", 2)]), ""),
        (And([where("state", "==", "CA"), where("tag", "array_contains", "z")]), "b"),
        (And([where("state", "in", ["CA", "NY"]), where("tag", "array_contains_any", ["x", "z"])]), "abc"),
        (Or([where("n", "==", 3), where("state", "==", "CA")]), "abc"),
        (Or([where("n", "==", 1), And([where("n", ">", 1), where("state", "==", "NY")])]), "ac"),
        (And([Or([where("n", "==", 1), where("n", "==", 2)]), where("state", "==", "CA")]), "ab"),
    ],
)
def test_a_filter_finds_what_production_would(
    condition: BaseFilter, expected: str, filled: CollectionReference
) -> None:
    assert ids(filled.where(filter=condition)) == expected


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        (where("v", "in", [None]), ""),
        (where("v", "in", [float("nan")]), ""),
        (where("v", "in", [1, None, float("nan")]), "a"),
        (where("map.v", "in", [None]), ""),
        (where("v", "array_contains_any", [None]), ""),
        (where("v", "array_contains_any", [float("nan")]), ""),
        (where("v", "array_contains_any", [2, None, float("nan")]), "n"),
        (where("v", "not-in", [None]), ""),
        (where("v", "not-in", [1, None]), ""),
        (where("v", "not-in", [float("nan")]), "amn"),
        (Or([where("v", "==", 1), where("v", "in", [None])]), "a"),
    ],
)
def test_a_null_or_nan_in_a_list_matches_nothing(
    condition: BaseFilter, expected: str, cities: CollectionReference
) -> None:
    """As in Google's tests: https://github.com/firebase/firebase-js-sdk, api/query.test.ts."""
    values = {"a": 1, "h": None, "i": float("nan"), "n": [None, 2], "m": [float("nan")]}
    for name, value in values.items():
        cities.document(name).set({"v": value, "map": {"v": value}})
    assert "".join(sorted(ids(cities.where(filter=condition)))) == expected


@pytest.mark.parametrize("direction", ["ASCENDING", "DESCENDING"])
def test_not_in_with_a_null_matches_nothing_in_any_order(direction: str, filled: CollectionReference) -> None:
    query = filled.where(filter=where("n", "not-in", [1, None]))
    assert ids(query.order_by("n", direction=direction)) == ""
    assert ids(query.order_by("n", direction=direction).limit(1).offset(1)) == ""


def test_documents_without_the_field_that_orders_are_left_out(filled: CollectionReference) -> None:
    assert ids(filled.order_by("n")) == "deabcg"
    assert ids(filled.order_by("n", direction="DESCENDING")) == "gcbaed"
    assert ids(filled.order_by("state").order_by("n", direction="DESCENDING")) == "gbacd"
    assert ids(filled) == "abcdefg"


def test_names_can_be_compared_and_ordered(filled: CollectionReference) -> None:
    document = filled.document
    assert ids(filled.where(filter=where("__name__", ">", document("d")))) == "efg"
    assert ids(filled.where(filter=where("__name__", "<=", document("b")))) == "ab"
    assert ids(filled.where(filter=where("__name__", "in", [document("e"), document("b")]))) == "be"
    assert ids(filled.order_by("__name__", direction="DESCENDING").limit(2)) == "gf"
    descending = filled.order_by("__name__", direction="DESCENDING")
    assert ids(descending.where(filter=where("__name__", "<=", document("c")))) == "cba"
    assert ids(descending.where(filter=where("__name__", ">", document("e")))) == "gf"


def test_equal_values_come_in_the_order_of_names_in_the_last_direction(cities: CollectionReference) -> None:
    for name in "bca":
        cities.document(name).set({"n": 1})
    assert ids(cities.order_by("n")) == "abc"
    assert ids(cities.order_by("n", direction="DESCENDING")) == "cba"


@pytest.mark.parametrize("condition", [where("n", ">", 1), where("n", "!=", None), where("n", "not-in", [1])])
def test_nothing_sorts_after_the_name(condition: FieldFilter, filled: CollectionReference) -> None:
    for order in (["__name__", "n"], ["__name__"]):
        query = filled.where(filter=condition)
        for path in order:
            query = query.order_by(path)
        with pytest.raises(InvalidArgument, match="cannot contain more fields after the key"):
            ids(query)
    assert ids(filled.where(filter=condition).order_by("n").order_by("__name__"))


def test_an_equal_name_goes_with_inequalities_of_the_name(filled: CollectionReference) -> None:
    document = filled.document
    positive = filled.where(filter=where("n", ">", 0))
    for same in (where("__name__", "==", document("b")), where("__name__", "in", [document("b")])):
        with pytest.raises(InvalidArgument, match="Equality on key is not allowed"):
            ids(positive.where(filter=same))
        assert ids(positive.where(filter=same).where(filter=where("__name__", ">", document("a")))) == "b"
        assert ids(filled.where(filter=same).order_by("n")) == "b"


@pytest.mark.parametrize("operator", ["array_contains", "array_contains_any"])
def test_a_name_contains_nothing(operator: str, filled: CollectionReference) -> None:
    name = filled.document("a")
    query = filled.where(filter=where("__name__", operator, name if operator == "array_contains" else [name]))
    with pytest.raises(InvalidArgument):
        ids(query)


Cut = Callable[[Query], Query]


@pytest.mark.parametrize(
    ("cut", "expected"),
    [
        (lambda query: query.start_at({"n": 2}), "bcg"),
        (lambda query: query.start_after({"n": 2}), "cg"),
        (lambda query: query.end_at({"n": 2}), "deab"),
        (lambda query: query.end_before({"n": 2}), "dea"),
        (lambda query: query.start_at({"n": 1}).end_before({"n": 3}), "ab"),
        (lambda query: query.start_at({"n": 3}).end_at({"n": 1}), ""),
        (lambda query: query.limit(2), "de"),
        (lambda query: query.offset(2).limit(2), "ab"),
        (lambda query: query.offset(10), ""),
        (lambda query: query.start_at({"n": 1}).offset(1), "bcg"),
    ],
)
def test_cursors_offsets_and_limits_cut_the_results(
    cut: Cut, expected: str, filled: CollectionReference
) -> None:
    assert ids(cut(filled.order_by("n"))) == expected


def test_cursors_of_several_fields_and_documents(filled: CollectionReference) -> None:
    by_state = filled.order_by("state").order_by("n")
    assert ids(by_state.start_at({"state": "CA", "n": 2})) == "bdc"
    assert ids(by_state.start_after({"state": "CA"})) == "dc"
    assert ids(by_state.start_after(filled.document("b").get())) == "dc"
    descending = filled.order_by("n", direction="DESCENDING")
    assert ids(descending.start_at({"n": 3}).end_before({"n": 1})) == "cb"
    assert ids(descending.start_after(filled.document("c").get()).limit(2)) == "ba"
    assert ids(descending.end_before(filled.document("d").get())) == "gcbae"
    assert ids(filled.order_by("__name__").end_before(filled.document("g").get())) == "abcdef"


def test_limit_to_last_gives_the_last_in_order(filled: CollectionReference) -> None:
    found = filled.order_by("n").limit_to_last(2).get()
    assert [snapshot.id for snapshot in found] == ["c", "g"]


def test_a_projection_gives_the_chosen_fields(filled: CollectionReference) -> None:
    (found,) = filled.where(filter=where("n", "==", 1)).select(["at.lat", "state"]).stream()
    assert found.to_dict() == {"at": {"lat": 1}, "state": "CA"}
    (found,) = filled.where(filter=where("n", "==", 1)).select(["__name__"]).stream()
    assert found.to_dict() == {}


def test_a_collection_group_takes_in_collections_at_any_depth(
    filled: CollectionReference, client: Client
) -> None:
    group = client.collection_group("cities")
    assert [snapshot.reference.path for snapshot in group.where(filter=where("n", "==", 1)).stream()] == [
        "cities/a",
        "cities/a/cities/deep",
    ]
    below = filled.document("a").collection("cities")
    assert ids(below) == "deep"
    assert ids(below.where(filter=where("n", "==", 2))) == ""


def test_documents_below_another_are_deleted_with_it_by_google_s_client(
    filled: CollectionReference, client: Client
) -> None:
    """The client queries the names of all descendants, in any collection."""
    client.recursive_delete(filled.document("a"))
    assert ids(filled) == "bcdefg"
    assert ids(client.collection_group("cities")) == "bcdefg"
    assert ids(client.collection("elsewhere")) == "a"


def test_queries_see_changes_of_what_they_have_indexed(cities: CollectionReference) -> None:
    query = cities.order_by("n")
    for name in "abc":
        cities.document(name).set({"n": ord(name)})
    assert ids(query) == "abc"
    cities.document("a").set({"n": 1000})
    cities.document("b").delete()
    cities.document("c").set({"m": 1})
    cities.document("d").set({"n": 5})
    assert ids(query) == "da"
    assert ids(cities.where(filter=where("n", "==", 97))) == ""


def rejected(generated: FirestoreClient, database: str, query: dict[str, object]) -> str:
    with pytest.raises(InvalidArgument) as error:
        list(
            generated.run_query(
                request={
                    "parent": f"{database}/documents",
                    "structured_query": {"from_": [{"collection_id": "cities"}], **query},
                }
            )
        )
    return str(error.value)


def field(path: str, operator: int, value: object) -> dict[str, object]:
    return {"field_filter": {"field": {"field_path": path}, "op": operator, "value": value}}


def unary(path: str, operator: int) -> dict[str, object]:
    return {"unary_filter": {"field": {"field_path": path}, "op": operator}}


def either(*filters: dict[str, object]) -> dict[str, object]:
    return {"composite_filter": {"op": "OR", "filters": filters}}


def array(values: Iterable[int]) -> dict[str, object]:
    return {"array_value": {"values": [{"integer_value": value} for value in values]}}


Op = StructuredQuery.FieldFilter.Operator
UnaryOp = StructuredQuery.UnaryFilter.Operator
ONE: dict[str, object] = {"integer_value": 1}


@pytest.mark.parametrize(
    "query",
    [
        {"from_": []},
        {"from_": [{"collection_id": "a"}, {"collection_id": "b"}]},
        {"from_": [{"collection_id": "__reserved__"}]},
        {"from_": [{"collection_id": "a/b/c"}]},
        {"from_": [{"all_descendants": True}], "where": field("n", Op.EQUAL, {"integer_value": 1})},
        {"from_": [{"all_descendants": True}], "order_by": [{"field": {"field_path": "n"}}]},
        {
            "from_": [{"all_descendants": True}],
            "order_by": [{"field": {"field_path": "__name__"}, "direction": "DESCENDING"}],
        },
        {"offset": -1},
        {"limit": -1},
        {"where": {}},
        {"where": field("n", Op.OPERATOR_UNSPECIFIED, {"integer_value": 1})},
        {"where": field("n..", Op.EQUAL, {"integer_value": 1})},
        {"where": field("n", Op.EQUAL, {})},
        {"where": field("n", Op.IN, {"integer_value": 1})},
        {"where": field("n", Op.IN, array([]))},
        {"where": field("n", Op.IN, array(range(31)))},
        {"where": field("n", Op.NOT_IN, array(range(11)))},
        {"where": field("__name__", Op.EQUAL, {"string_value": "a"})},
        {"where": unary("__name__", UnaryOp.IS_NULL)},
        {"where": unary("__name__", UnaryOp.IS_NOT_NAN)},
        {"where": {"composite_filter": {"op": "AND", "filters": []}}},
        {"where": {"composite_filter": {"filters": [field("n", Op.EQUAL, {"integer_value": 1})]}}},
        {"order_by": [{"field": {"field_path": "n"}}] * 2},
        {"start_at": {"values": [{"integer_value": 1}]}},
        {"order_by": [{"field": {"field_path": "n"}}], "start_at": {"values": [{"integer_value": 1}] * 3}},
    ],
)
def test_a_malformed_query_is_rejected(
    query: dict[str, object], generated: FirestoreClient, database: str
) -> None:
    assert rejected(generated, database, query)


@pytest.mark.parametrize("end", ["start_at", "end_at"])
def test_a_cursor_has_no_values_of_implicit_orders(
    end: str, generated: FirestoreClient, database: str
) -> None:
    name = {"reference_value": f"{database}/documents/cities/a"}
    ordered = {"order_by": [{"field": {"field_path": "n"}}]}
    assert rejected(generated, database, {**ordered, end: {"values": [ONE, name]}})
    assert rejected(generated, database, {end: {"values": [name]}})
    above = {"where": field("n", Op.GREATER_THAN, ONE)}
    assert rejected(generated, database, {**above, end: {"values": [ONE]}})


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"where": field("n", Op.EQUAL, ONE)}, InvalidArgument),
        ({"order_by": [{"field": {"field_path": "n"}}]}, InvalidArgument),
        (
            {"order_by": [{"field": {"field_path": "__name__"}, "direction": "DESCENDING"}]},
            FailedPrecondition,
        ),
        ({}, None),
    ],
)
def test_a_collection_group_below_a_document_is_only_by_name(
    options: dict[str, object], error: type[Exception] | None, generated: FirestoreClient, database: str
) -> None:
    query = {"from_": [{"collection_id": "cities", "all_descendants": True}], **options}
    request = {"parent": f"{database}/documents/cities/a", "structured_query": query}
    with pytest.raises(error) if error else nullcontext():
        list(generated.run_query(request=request))


@pytest.mark.parametrize("path", ["cities", "cities/paris/districts", "cities/.", "cities/__x__"])
def test_a_name_in_a_query_must_be_a_documents(path: str, generated: FirestoreClient, database: str) -> None:
    name = {"reference_value": f"{database}/documents/{path}"}
    assert rejected(generated, database, {"where": field("__name__", Op.GREATER_THAN, name)})
    ordered = {"order_by": [{"field": {"field_path": "__name__"}}]}
    assert rejected(generated, database, {**ordered, "start_at": {"values": [name]}})


@pytest.mark.parametrize(
    "filters",
    [
        [field("n", Op.NOT_IN, array([1])), field("m", Op.NOT_EQUAL, {"integer_value": 1})],
        [field("n", Op.NOT_IN, array([1])), field("m", Op.IN, array([1]))],
        [field("n", Op.NOT_IN, array([1])), field("m", Op.ARRAY_CONTAINS_ANY, array([1]))],
        [field("n", Op.NOT_EQUAL, {"integer_value": 1}), field("m", Op.NOT_EQUAL, {"integer_value": 1})],
        [field("n", Op.NOT_IN, array([1])), field("m", Op.NOT_IN, array([1]))],
        [field("n", Op.NOT_IN, array([1])), unary("m", UnaryOp.IS_NOT_NULL)],
        [field("n", Op.NOT_IN, array([1])), unary("m", UnaryOp.IS_NOT_NAN)],
        [field("n", Op.NOT_IN, array([1])), either(field("m", Op.EQUAL, ONE), field("o", Op.EQUAL, ONE))],
        [either(field("n", Op.NOT_IN, array([1])), field("m", Op.EQUAL, ONE))],
        [field("n", Op.NOT_EQUAL, ONE), unary("m", UnaryOp.IS_NOT_NULL)],
        [field("n", Op.NOT_EQUAL, ONE), unary("m", UnaryOp.IS_NOT_NAN)],
        [unary("n", UnaryOp.IS_NOT_NULL), unary("m", UnaryOp.IS_NOT_NULL)],
        [unary("n", UnaryOp.IS_NOT_NULL), unary("m", UnaryOp.IS_NOT_NAN)],
        [field("n", Op.ARRAY_CONTAINS, {"integer_value": 1}), field("m", Op.ARRAY_CONTAINS_ANY, array([1]))],
        [field("n", Op.IN, array(range(6))), field("m", Op.IN, array(range(6)))],
        [field(f"n{number}", Op.LESS_THAN, ONE) for number in range(11)],
        [either(*(field(f"n{number}", Op.LESS_THAN, ONE) for number in range(11)))],
    ],
)
def test_filters_that_do_not_go_together_are_rejected(
    filters: list[dict[str, object]], generated: FirestoreClient, database: str
) -> None:
    assert rejected(generated, database, {"where": {"composite_filter": {"op": "AND", "filters": filters}}})


@pytest.mark.parametrize(
    "filters",
    [
        [field("n", Op.NOT_EQUAL, ONE), unary("m", UnaryOp.IS_NULL)],
        [field("n", Op.NOT_EQUAL, ONE), field("m", Op.IN, array([1, 2]))],
        [unary("n", UnaryOp.IS_NOT_NULL), either(field("m", Op.EQUAL, ONE), unary("o", UnaryOp.IS_NAN))],
        [field("n", Op.NOT_IN, array([1])), field("m", Op.LESS_THAN_OR_EQUAL, ONE)],
        [field(f"n{number % 10}", Op.LESS_THAN, ONE) for number in range(20)],
    ],
)
def test_filters_that_go_together_succeed(
    filters: list[dict[str, object]], generated: FirestoreClient, database: str
) -> None:
    query = {
        "from_": [{"collection_id": "cities"}],
        "where": {"composite_filter": {"op": "AND", "filters": filters}},
    }
    found = generated.run_query(request={"parent": f"{database}/documents", "structured_query": query})
    assert not any(response.document.name for response in found)
