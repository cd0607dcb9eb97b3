"""Labels and parameters: accepted values, which are stored unchanged, and rejected ones."""

import json
from collections.abc import Iterable
from typing import Any

import pytest

from tests.functions.machines.api import MachinesApi
from tests.functions.machines.bodies import Path, a_body, a_mac, with_text
from tests.functions.machines.expectations import created, invalid, problem

LABELS = [
    ("tier", ""),
    ("tier", "x" * 63),
    ("x" * 63, "v"),
    ("a.b_c-D9", "A.b_c-9"),
    ("example.com/rack", "7"),
    ("a.b-c.d9/e", "v"),
    (f"{'a' * 63}.{'b' * 63}.{'c' * 63}.{'d' * 61}/x", "v"),
    ("0", "0"),
]
WRONG_KEYS = [
    "",
    "x" * 64,
    "-tier",
    "tier-",
    ".tier",
    "tier_",
    "a b",
    "t\u00efer",
    "/rack",
    "example.com/",
    "example.com/a/b",
    "Example.com/rack",
    "example..com/rack",
    "-example.com/rack",
    "example_com/rack",
    f"{'a.' * 126}aa/x",
    "tier\n",
]
WRONG_VALUES = ["x" * 64, "-v", "v-", ".v", "a b", "a/b", "\u00e9", " ", "v\n", 1, True, None, [], {}]


@pytest.mark.parametrize(("key", "value"), LABELS, ids=lambda text: text[:20])
async def test_a_label_in_kubernetes_syntax_is_taken(machines: MachinesApi, key: str, value: str) -> None:
    machine_id = created(await machines.register(a_body(labels={key: value})))

    assert {key: value} == machines.stored(machine_id)["labels"]


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize("key", WRONG_KEYS, ids=lambda text: text[:20])
async def test_another_label_key_is_rejected(machines: MachinesApi, key: str) -> None:
    invalid(await machines.register(a_body(labels={key: "v"})), f"labels.{key}")


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize("value", WRONG_VALUES, ids=lambda value: str(value)[:20])
async def test_another_label_value_is_rejected(machines: MachinesApi, value: object) -> None:
    invalid(await machines.register(a_body(labels={"tier": value})), "labels.tier")


async def test_sixty_four_labels_are_taken(machines: MachinesApi) -> None:
    created(await machines.register(a_body(labels={f"l{number}": "v" for number in range(64)})))


@pytest.mark.usefixtures("store_unchanged")
async def test_sixty_five_labels_are_rejected(machines: MachinesApi) -> None:
    invalid(await machines.register(a_body(labels={f"l{number}": "v" for number in range(65)})), "labels")


PARAMETERS: list[dict[str, Any]] = [
    {},
    {"": ""},
    {"a": [[[]], {}, None, True, False]},
    {"largest": 2**63 - 1, "smallest": -(2**63), "zero": 0, "fraction": 0.1, "tiny": 5e-324},
    {"t\u00ebxt": '\N{GRINNING FACE} \u2028 \\ " \0'},
    {"__name__": {"__proto__": 1}, "a.b": {"`": 1}},
]


@pytest.mark.parametrize("parameters", PARAMETERS, ids=str)
async def test_any_object_is_taken_for_parameters_and_kept_as_it_came(
    machines: MachinesApi, parameters: dict[str, Any]
) -> None:
    machine_id = created(await machines.register(a_body(machine_parameters=parameters)))

    assert parameters == json.loads(machines.stored(machine_id)["machine_parameters"])


async def test_an_integer_in_parameters_stays_one(machines: MachinesApi) -> None:
    machine_id = created(await machines.register(a_body(machine_parameters={"integer": 1, "fraction": 1.0})))

    kept = json.loads(machines.stored(machine_id)["machine_parameters"])
    assert {"integer": int, "fraction": float} == {name: type(number) for name, number in kept.items()}


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize(
    "text", ["NaN", "Infinity", "-Infinity", "1e400", "9223372036854775808", "-9223372036854775809"]
)
@pytest.mark.parametrize(
    ("field", "path", "parameters"),
    [
        ("machine_parameters.a", ("a",), {"a": 0}),
        ("machine_parameters.a[1].b", ("a", 1, "b"), {"a": [0, {"b": 0}]}),
    ],
)
async def test_a_number_that_cannot_be_kept_is_rejected(
    *, machines: MachinesApi, field: str, path: Path, parameters: dict[str, Any], text: str
) -> None:
    body = with_text(a_body(machine_parameters=parameters), ("machine_parameters", *path), text)

    invalid(await machines.post(body), field)


async def test_parameters_of_almost_64_kib_are_taken(machines: MachinesApi) -> None:
    created(await machines.register(a_body(machine_parameters={"a": "x" * 65_000})))


@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize("text", ["x" * 65_536, "\u00e9" * 32_768, "\N{GRINNING FACE}" * 16_384])
async def test_parameters_of_more_than_64_kib_are_rejected(machines: MachinesApi, text: str) -> None:
    invalid(await machines.register(a_body(machine_parameters={"a": text})), "machine_parameters")


NESTINGS = pytest.mark.parametrize(
    ("opening", "closing"), [("[", "]"), ('{"a":', "}")], ids=["arrays", "objects"]
)


def nested_parameters(opening: str, closing: str, levels: int) -> bytes:
    """Return a body with a number of levels, including the body and the parameters."""
    nested = opening * (levels - 2) + "1" + closing * (levels - 2)
    return f'{{"nics": [{{"mac": "{a_mac()}"}}], "machine_parameters": {{"a": {nested}}}}}'.encode()


@NESTINGS
async def test_nesting_of_100_levels_is_taken(machines: MachinesApi, opening: str, closing: str) -> None:
    created(await machines.post(nested_parameters(opening, closing, 100)))


# Python's parser accepts almost a thousand levels, but later processing does not. With more levels, the error
# cannot contain the field.
@pytest.mark.usefixtures("store_unchanged")
@pytest.mark.parametrize(
    ("depths", "locations"),
    [
        ([101], [("machine_parameters", 99)]),
        (range(900, 1000), [("machine_parameters", 99), ("body", 100)]),
        ([10_000, 30_000], [("body", 100)]),
    ],
    ids=["101", "900", "10000"],
)
@NESTINGS
async def test_nesting_beyond_reason_is_rejected(
    machines: MachinesApi,
    opening: str,
    closing: str,
    depths: Iterable[int],
    locations: list[tuple[str, int]],
) -> None:
    for depth in depths:
        response = await machines.post(nested_parameters(opening, closing, depth))

        assert problem(response, 400)["invalid_fields"] in [
            [{"field": field, "reason": f"must not be nested deeper than {levels} levels"}]
            for field, levels in locations
        ]
