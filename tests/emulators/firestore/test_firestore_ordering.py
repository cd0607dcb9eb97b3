"""The order of values, in ascending and descending queries."""

import math
from itertools import pairwise

import pytest
from google.cloud.firestore import Client, CollectionReference, FieldFilter
from hypothesis import given, settings
from hypothesis import strategies as st

from google_apis.firestore.document_pb2 import Value
from infra.local.firestore import ordering
from tests.emulators.firestore.every_type import in_order


def stored_in_order(client: Client, cities: CollectionReference) -> list[object]:
    """Store values of all types, each with its place in the order, and return them."""
    values = in_order(client)
    batch = client.batch()
    for place, value in enumerate(values):
        batch.set(cities.document(f"{place:03}"), {"value": value, "place": place})
    batch.commit()
    return values


@pytest.mark.parametrize("direction", ["ASCENDING", "DESCENDING"])
def test_values_of_all_types_come_in_productions_order(
    direction: str, client: Client, cities: CollectionReference
) -> None:
    values = stored_in_order(client, cities)
    cities.document("without").set({"place": -1})
    found = [snapshot.get("place") for snapshot in cities.order_by("value", direction=direction).stream()]
    expected = list(range(len(values)))
    assert found == (expected if direction == "ASCENDING" else expected[::-1])


@pytest.mark.parametrize("operator", ["<", "<=", ">", ">=", "=="])
def test_a_comparison_finds_values_of_its_operands_type_alone(
    operator: str, client: Client, cities: CollectionReference
) -> None:
    values = stored_in_order(client, cities)
    first, last = values.index(-math.inf), values.index(math.inf)
    operand = values.index(1, first)  # after True, which equals 1 in Python
    expected = {
        "<": [first - 1, *range(first, operand)],  # NaN is less than all other numbers
        "<=": [first - 1, *range(first, operand + 1)],
        ">": list(range(operand + 1, last + 1)),
        ">=": list(range(operand, last + 1)),
        "==": [operand],
    }
    for number in (1, 1.0):
        query = cities.where(filter=FieldFilter("value", operator, number))
        assert [snapshot.get("place") for snapshot in query.stream()] == expected[operator]


numbers = st.one_of(
    st.integers(-(2**63), 2**63 - 1),
    st.floats(allow_nan=False),
    st.integers(-1100, 1100).map(lambda near: 2**60 + near),
    st.integers(-1100, 1100).map(lambda near: float(2**60 + near)),
)


def encoded(number: float) -> bytes:
    if isinstance(number, int):
        return ordering.encode(Value(integer_value=number))
    return ordering.encode(Value(double_value=number))


@given(st.lists(numbers, min_size=2, max_size=30))
@settings(max_examples=150)
def test_encoded_numbers_sort_as_numbers_do(found: list[int | float]) -> None:
    """Python compares integers with floats exactly, as Firestore does."""
    for one, other in pairwise(sorted(found)):
        assert (encoded(one) == encoded(other)) == (one == other)
        assert encoded(one) <= encoded(other)
        assert ordering.descending(encoded(one)) >= ordering.descending(encoded(other))


@given(st.lists(st.lists(st.text(max_size=4), max_size=3), min_size=2, max_size=20))
@settings(max_examples=100)
def test_encoded_arrays_of_strings_sort_by_their_elements(found: list[list[str]]) -> None:
    def encode(texts: list[str]) -> bytes:
        array = Value()
        array.array_value.SetInParent()
        for text in texts:
            array.array_value.values.add().string_value = text
        return ordering.encode(array)

    expected = sorted(found, key=lambda texts: [text.encode() for text in texts])
    assert [encode(texts) for texts in expected] == sorted(map(encode, found))
