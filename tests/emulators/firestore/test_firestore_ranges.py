"""Queries over values of all types find the same as a check of each value, in both directions.

For more queries: `EMULATOR_OPERATIONS=20000 python -m pytest -k ranges`.
"""

import datetime as dt
import math
import os
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from google.cloud.firestore import And, Client, FieldFilter, Or, Query
from google.cloud.firestore_v1.base_query import BaseFilter

from tests.emulators.firestore.emulator import Emulator
from tests.emulators.firestore.every_type import NULLS, by_type
from tests.emulators.firestore.reading import aggregated, counted

QUERIES = int(os.environ.get("EMULATOR_OPERATIONS", "600")) // 3
PAGE = 15  # more than the number of values of any type
DIRECTIONS = (Query.ASCENDING, Query.DESCENDING)


@dataclass(frozen=True)
class Ranked:
    """A stored value.

    Attributes:
        place: The position in the order of all values.
        kind: The group of values that it can be compared with.
        group: Another field of its document, which differs between adjacent values.
        is_nan: Whether it is NaN.
    """

    value: object
    place: int
    kind: int
    group: int
    is_nan: bool

    @property
    def id(self) -> str:
        return f"{self.place:03}"

    @property
    def is_null(self) -> bool:
        return self.kind == NULLS


Rule = Callable[[Ranked, Ranked], bool]
RULES: dict[str, Rule] = {
    "<": lambda value, operand: value.kind == operand.kind and value.place < operand.place,
    "<=": lambda value, operand: value.kind == operand.kind and value.place <= operand.place,
    ">": lambda value, operand: value.kind == operand.kind and value.place > operand.place,
    ">=": lambda value, operand: value.kind == operand.kind and value.place >= operand.place,
    "==": lambda value, operand: value is operand,
    "!=": lambda value, operand: value is not operand and not value.is_null,
    "in": lambda value, operand: value is operand and not operand.is_null and not operand.is_nan,
    "not-in": lambda value, operand: not (value is operand or value.is_null or operand.is_null),
    "array_contains": lambda value, operand: value is operand and not isinstance(value.value, list),
    "array_contains_any": lambda value, operand: (
        value is operand and not (value.is_null or value.is_nan or isinstance(value.value, list))
    ),
}
RANGES = ("<", "<=", ">", ">=")
OF_A_LIST = ("in", "not-in", "array_contains_any")
NOT_OF_NULL_OR_NAN = (*RANGES, "array_contains")  # Google's client rejects these


@pytest.fixture(scope="module")
def client(emulator: Emulator) -> Iterator[Client]:
    with emulator.client("test-ranges") as client:
        yield client


@pytest.fixture(scope="module")
def stored(client: Client) -> list[Ranked]:
    """Documents in `now` and, at first, in `past`; their ids are in the order of the values."""
    kinds = [(kind, value) for kind, values in enumerate(by_type(client)) for value in values]
    ranked = [
        Ranked(value, place, kind, place % 3, is_nan=isinstance(value, float) and math.isnan(value))
        for place, (kind, value) in enumerate(kinds)
    ]
    batch = client.batch()
    for one in ranked:
        held = [] if isinstance(one.value, list) else [one.value]  # an array cannot contain an array
        document = {"value": one.value, "group": one.group, "held": held}
        batch.set(client.document(f"now/{one.id}"), document)
        batch.set(client.document(f"past/{one.id}"), document)
    batch.commit()
    return ranked


@pytest.fixture(scope="module")
def read_time(client: Client, stored: list[Ranked]) -> dt.datetime:
    """A time at which `past` had all documents; it has been changed since then."""
    past = client.collection("past")
    found: Any = past.limit(1).get()[0].read_time
    batch = client.batch()
    for one in stored:
        if one.place % 2:
            batch.delete(past.document(one.id))
        else:
            batch.update(past.document(one.id), {"value": stored[-1 - one.place].value})
    batch.commit()
    return found  # type: ignore[no-any-return] # declared as a protobuf timestamp, it is a datetime


def condition(operator: str, operand: Ranked) -> FieldFilter:
    path = "held" if operator.startswith("array") else "value"
    return FieldFilter(path, operator, [operand.value] if operator in OF_A_LIST else operand.value)


def ids(query: Query, at: dt.datetime | None = None) -> list[str]:
    return [snapshot.id for snapshot in query.select(["__name__"]).get(read_time=at)]


@pytest.mark.parametrize("direction", DIRECTIONS)
@pytest.mark.parametrize("operator", RULES)
def test_an_operator_finds_what_it_says_for_values_of_all_types(
    operator: str, direction: str, client: Client, stored: list[Ranked]
) -> None:
    ordered = client.collection("now").order_by("value", direction=direction)
    ways = 1 if direction == Query.ASCENDING else -1
    for operand in stored:
        if operator in NOT_OF_NULL_OR_NAN and (operand.is_null or operand.is_nan):
            continue
        expected = [one.id for one in stored[::ways] if RULES[operator](one, operand)]
        query = ordered.where(filter=condition(operator, operand))
        assert (operand, expected[:PAGE]) == (operand, ids(query.limit(PAGE)))
        assert (operand, len(expected)) == (operand, aggregated(counted(query)))


Order = list[tuple[str, int]]  # fields, each with 1 for ascending or -1 for descending order
Accepts = Callable[[Ranked], bool]


def key(value: Ranked, order: Order) -> list[int]:
    return [sign * (value.place if field == "value" else value.group) for field, sign in order]


def conjunction(rng: random.Random, operands: list[Ranked]) -> tuple[BaseFilter, Accepts]:
    """Make a filter, and a function that does the same."""
    parts = [
        (rng.choice([*RANGES, *RANGES, "=="]), rng.choice(operands)) for _ in range(rng.choice([1, 1, 2]))
    ]
    filters: list[BaseFilter] = [condition(operator, operand) for operator, operand in parts]
    return And(filters), lambda value: all(RULES[operator](value, operand) for operator, operand in parts)


def start(rng: random.Random, query: Query, order: Order, one: Ranked) -> tuple[Query, Accepts]:
    order = order[: rng.randint(1, len(order))]
    values = [getattr(one, field) for field, _ in order]
    if rng.random() < 0.5:
        return query.start_at(values), lambda value: key(value, order) >= key(one, order)
    return query.start_after(values), lambda value: key(value, order) > key(one, order)


def end(rng: random.Random, query: Query, order: Order, one: Ranked) -> tuple[Query, Accepts]:
    order = order[: rng.randint(1, len(order))]
    values = [getattr(one, field) for field, _ in order]
    if rng.random() < 0.5:
        return query.end_at(values), lambda value: key(value, order) <= key(one, order)
    return query.end_before(values), lambda value: key(value, order) < key(one, order)


@pytest.mark.parametrize("collection", ["now", "past"])
def test_ranges_go_with_all_else_that_a_query_has(
    collection: str, client: Client, stored: list[Ranked], read_time: dt.datetime
) -> None:
    rng = random.Random(7)  # noqa: S311 - not a secret
    operands = [one for one in stored if not (one.is_null or one.is_nan)]
    at = read_time if collection == "past" else None
    for _ in range(QUERIES):
        parts = [conjunction(rng, operands) for _ in range(rng.choice([1, 1, 2, 3]))]
        fields = rng.choice([["value"], ["value"], ["group", "value"], ["value", "group"]])
        order = [(field, rng.choice([1, -1])) for field in fields]
        query: Query = client.collection(collection).where(filter=Or([part for part, _ in parts]))
        for field, sign in order:
            query = query.order_by(field, direction=DIRECTIONS[sign < 0])
        found = sorted(
            (one for one in stored if any(accepts(one) for _, accepts in parts)),
            key=lambda one: key(one, order),
        )
        cuts = [cut for cut in (start, end) if rng.random() < 0.3]
        for cut in cuts:
            query, accepts = cut(rng, query, order, rng.choice(stored))
            found = list(filter(accepts, found))
        expected = [one.id for one in found]
        assert aggregated(counted(query), read_time=at) == len(expected)
        # Google's Python client reverses the order for the last documents, and drops the cursors.
        match rng.choice(["all", "page", "all" if cuts else "last"]):
            case "page":
                offset, limit = rng.randrange(4), rng.randint(1, 4)
                query, expected = query.offset(offset).limit(limit), expected[offset : offset + limit]
            case "last":
                limit = rng.randint(1, 4)
                query, expected = query.limit_to_last(limit), expected[-limit:]
        assert expected == ids(query, at)
