"""count, sum and avg."""

import math

import pytest
from google.api_core.exceptions import InvalidArgument
from google.cloud.firestore import Client, CollectionReference, FieldFilter
from google.cloud.firestore_v1.services.firestore import FirestoreClient
from google.cloud.firestore_v1.types import RunAggregationQueryResponse, Value

from tests.emulators.firestore.reading import aggregated, counted, summed, updated


def aggregate(
    generated: FirestoreClient, database: str, query: dict[str, object], *aggregations: dict[str, object]
) -> RunAggregationQueryResponse:
    request = {
        "parent": f"{database}/documents",
        "structured_aggregation_query": {
            "structured_query": {"from_": [{"collection_id": "cities"}], **query},
            "aggregations": aggregations,
        },
    }
    (response,) = generated.run_aggregation_query(request=request)
    return response


def fill(cities: CollectionReference, *values: object) -> None:
    for place, value in enumerate(values):
        cities.document(f"{place:02}").set({"n": value})


def total(cities: CollectionReference) -> object:
    return aggregated(cities.sum("n"))


def average(cities: CollectionReference) -> object:
    return aggregated(cities.avg("n"))


@pytest.mark.parametrize(
    ("values", "expected_sum", "expected_average"),
    [
        ([1, 2, 4], 7, 7 / 3),
        ([1, 2.5], 3.5, 1.75),
        ([1, "text", None, True, [3]], 1, 1.0),
        ([2**63 - 1, 1], float(2**63), float(2**62)),
        ([2**63 - 1, 1, -1], 2**63 - 1, float(2**63) / 3),
    ],
)
def test_sums_and_averages_are_of_numbers(
    values: list[object], expected_sum: object, expected_average: object, cities: CollectionReference
) -> None:
    fill(cities, *values)
    found = total(cities)
    assert (found, type(found)) == (expected_sum, type(expected_sum))
    assert average(cities) == expected_average


def test_of_nothing_the_sum_is_zero_and_the_average_null(generated: FirestoreClient, database: str) -> None:
    field = {"field": {"field_path": "n"}}
    response = aggregate(
        generated, database, {}, {"alias": "sum", "sum": field}, {"alias": "avg", "avg": field}
    )
    kinds = {
        alias: Value.pb(value).WhichOneof("value_type")
        for alias, value in response.result.aggregate_fields.items()
    }
    assert kinds == {"sum": "integer_value", "avg": "null_value"}


def test_nan_and_infinities_aggregate_as_numbers_do(cities: CollectionReference) -> None:
    fill(cities, math.inf, 1)
    assert total(cities) == math.inf
    cities.document("nan").set({"n": math.nan})
    found = average(cities)
    assert isinstance(found, float)
    assert math.isnan(found)


def test_a_count_is_of_the_querys_results(cities: CollectionReference) -> None:
    fill(cities, *range(10))
    above = cities.where(filter=FieldFilter("n", ">", 3))
    counts = [
        aggregated(counted(query))
        for query in (cities, above, above.limit(4), above.limit(0), above.offset(2), cities.order_by("m"))
    ]
    assert counts == [10, 6, 4, 0, 4, 0]


def test_several_aggregations_have_their_aliases(
    generated: FirestoreClient, database: str, cities: CollectionReference
) -> None:
    fill(cities, 1, 2, 3)
    cities.document("without").set({"m": 1})
    field = {"field": {"field_path": "n"}}
    response = aggregate(
        generated,
        database,
        {},
        {"count": {}},
        {"alias": "total", "sum": field},
        {"avg": field},
        {"alias": "few", "count": {"up_to": 2}},
    )
    found = {alias: str(value).strip() for alias, value in response.result.aggregate_fields.items()}
    assert found == {
        "field_1": "integer_value: 3",
        "total": "integer_value: 6",
        "field_2": "double_value: 2",
        "few": "integer_value: 2",
    }


@pytest.mark.parametrize(
    "aggregations",
    [
        [],
        [{"count": {}}] * 6,
        [{"alias": "a", "count": {}}, {"alias": "a", "count": {}}],
        [{"alias": "nothing"}],
        [{"alias": "__reserved__", "count": {}}],
        [{"alias": "é" * 751, "count": {}}],
        [{"count": {"up_to": 0}}],
        [{"sum": {"field": {"field_path": ""}}}],
        [{"sum": {"field": {"field_path": "__name__"}}}],
        [{"avg": {"field": {"field_path": "__name__"}}}],
    ],
)
def test_a_malformed_aggregation_is_rejected(
    aggregations: list[dict[str, object]], generated: FirestoreClient, database: str
) -> None:
    with pytest.raises(InvalidArgument):
        aggregate(generated, database, {}, *aggregations)


def test_a_sum_in_the_order_of_names_is_rejected(cities: CollectionReference) -> None:
    fill(cities, 1, 2)
    with pytest.raises(InvalidArgument, match=r"\[n\] after __name__"):
        aggregated(summed(cities.order_by("__name__"), "n"))
    assert aggregated(counted(cities.order_by("__name__"))) == 2
    assert aggregated(summed(cities.order_by("n").order_by("__name__"), "n")) == 3


def test_a_count_sees_the_past(client: Client, cities: CollectionReference) -> None:
    fill(cities, 1, 2, 3)
    time = updated(cities.document("00").set({"n": 100}))
    cities.document("01").delete()
    cities.document("04").set({"n": 4})
    large = client.collection("cities").where(filter=FieldFilter("n", ">", 2))
    assert aggregated(counted(large), read_time=time) == 2
    assert aggregated(counted(large)) == 3
    assert aggregated(counted(cities), read_time=time) == 3
