"""Queries for several values find and count the same documents as a check of each document.

For more queries: `EMULATOR_OPERATIONS=20000 python -m pytest -k merging`.
"""

import os
import random
from collections.abc import Mapping
from typing import Any

import pytest
from google.cloud.firestore import And, Client, FieldFilter, Or, Query
from google.cloud.firestore_v1.base_query import BaseFilter

QUERIES = int(os.environ.get("EMULATOR_OPERATIONS", "600")) // 30
BATCH = 500
PAGE = 60
Fields = Mapping[str, Any]


def a_document(rng: random.Random) -> dict[str, Any]:
    return {
        "kind": rng.choice("ab"),
        "terms": dict.fromkeys(rng.sample("abcdef", rng.randint(0, 6)), rng.choice([True, 1])),
        "tags": rng.sample("xyz", rng.randint(0, 3)),
    }


def condition(rng: random.Random) -> tuple[BaseFilter, Any]:
    """Make a filter, and a function that does the same."""
    field = rng.choice(["kind", "terms", "terms", "terms", "tags"])
    match field:
        case "kind":
            kind = rng.choice("ab")
            return FieldFilter("kind", "==", kind), lambda fields: fields["kind"] == kind
        case "terms":
            term, value = rng.choice("abcdef"), rng.choice([True, True, 1])
            return (
                FieldFilter(f"terms.{term}", "==", value),
                lambda fields: (
                    (fields["terms"].get(term) is value or (value == 1 and fields["terms"].get(term) == 1))
                    and isinstance(fields["terms"].get(term), bool) == isinstance(value, bool)
                ),
            )
        case _:
            tag = rng.choice("xyz")
            return FieldFilter("tags", "array_contains", tag), lambda fields: tag in fields["tags"]


def conjunction(rng: random.Random) -> tuple[BaseFilter, Any]:
    parts = [condition(rng) for _ in range(rng.randint(1, 4))]
    arrays = [part for part in parts if part[0].field_path == "tags"]  # type: ignore[attr-defined] # field filters
    for extra in arrays[1:]:  # a query accepts only one condition on an array
        parts.remove(extra)
    return And([part for part, _ in parts]), lambda fields: all(accepts(fields) for _, accepts in parts)


def random_filter(rng: random.Random) -> tuple[BaseFilter, Any]:
    if rng.random() < 0.5:
        return conjunction(rng)
    parts = [conjunction(rng) for _ in range(rng.randint(2, 3))]
    return Or([part for part, _ in parts]), lambda fields: any(accepts(fields) for _, accepts in parts)


def counted(query: Query) -> int:
    results: Any = query.count(alias="all").get()  # type: ignore[call-arg] # the library annotates it wrongly
    return int(results[0][0].value)


def change(rng: random.Random, client: Client, stored: dict[str, Fields], documents: int) -> None:
    """Delete some documents, or nearly all, and write others, including new ones."""
    items = client.collection("items")
    share = rng.choice([0.05, 0.05, 0.9])
    deleted = rng.sample(sorted(stored), int(len(stored) * share))
    written = {f"{rng.randrange(documents * 2):04}": a_document(rng) for _ in range(int(documents * share))}
    for names in (deleted, list(written)):
        for start in range(0, len(names), BATCH):
            batch = client.batch()
            for name in names[start : start + BATCH]:
                if names is deleted:
                    batch.delete(items.document(name))
                else:
                    batch.set(items.document(name), dict(written[name]))
            batch.commit()
    for name in deleted:
        del stored[name]
    stored |= written


# An index stores up to 256 documents in a block. The last case has several blocks.
@pytest.mark.parametrize(("seed", "documents", "rounds"), [(1, 60, 12), (2, 60, 12), (3, 700, 4)])
def test_what_is_found_and_counted_is_what_matches(
    client: Client, seed: int, documents: int, rounds: int
) -> None:
    rng = random.Random(seed)  # noqa: S311 - not a secret
    items = client.collection("items")
    stored: dict[str, Fields] = {}
    change(rng, client, stored, documents)

    for _ in range(rounds):
        change(rng, client, stored, documents)
        for _ in range(QUERIES):
            where, accepts = random_filter(rng)
            newest = items.where(filter=where).order_by("__name__", direction=Query.DESCENDING)
            expected = [name for name in sorted(stored, reverse=True) if accepts(stored[name])]
            offset = rng.randrange(len(expected) + 2)

            page = newest.offset(offset).limit(PAGE).stream()
            assert expected[offset : offset + PAGE] == [snapshot.id for snapshot in page]
            assert len(expected) == counted(newest)
            if expected:
                middle = rng.choice(expected)
                rest = newest.start_after({"__name__": items.document(middle)}).limit(3)
                following = [name for name in expected if name < middle]
                assert following[:3] == [snapshot.id for snapshot in rest.stream()]


@pytest.mark.parametrize("direction", [Query.ASCENDING, Query.DESCENDING])
def test_what_is_found_stays_right_while_blocks_come_split_and_merge(client: Client, direction: str) -> None:
    items = client.collection("items")
    of_kind = items.where(filter=FieldFilter("kind", "==", "a")).order_by("__name__", direction=direction)
    all_names = {f"{number:04}" for number in range(1800)}
    even = {name for name in all_names if name < "1200" and int(name) % 2 == 0}
    few = {name for name in all_names if int(name) % 20 == 0}
    stored: set[str] = set()

    for wanted in (
        even,
        even | {name for name in all_names if name >= "1200"},
        all_names,
        few,
        all_names,
        few,
    ):
        # In this order, blocks that become nearly empty are next to each other, and so merge.
        turned = sorted(wanted ^ stored, reverse=direction == Query.ASCENDING and wanted is few)
        for start in range(0, len(turned), BATCH):
            batch = client.batch()
            for name in turned[start : start + BATCH]:
                if name in wanted:
                    batch.set(items.document(name), {"kind": "ab"[int(name) % 3 == 0]})
                else:
                    batch.delete(items.document(name))
            batch.commit()
        stored = wanted

        expected = sorted(name for name in stored if int(name) % 3)
        if direction == Query.DESCENDING:
            expected.reverse()
        assert expected == [snapshot.id for snapshot in of_kind.stream()]
        assert len(expected) == counted(of_kind)
