"""Messages can be stored as Firestore fields and read back without changes."""

import math
from typing import Any

import pytest
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st

from google_apis.firestore.document_pb2 import Document, Value
from shared.domain.plain import Plain, plain
from shared.pb.inventory.v1.documents_pb2 import SerializedDocument
from shared.pb.inventory.v1.events_pb2 import PoolChanged
from shared.pb.inventory.v1.machine_pb2 import CPU, NIC, Machine
from shared.pb.inventory.v1.records_pb2 import IdempotencyRecord, OutboxEntry
from shared.store.codec import DecodeError, decode, decode_plain, decode_serialized, encode
from shared.store.codec.decoding import MAX_CACHED_BYTES, MAX_CACHED_VALUES, ValueCache
from tests.unit.every_kind import KINDS, EveryKind
from tests.unit.messages import messages


def stored(message: Message) -> Document:
    """Return the document of a message, after serialization."""
    return Document.FromString(Document(fields=encode(message)).SerializeToString())


def listed(message: Message) -> Plain:
    """Return the plain values of a message from its document, as in lists."""
    document = SerializedDocument.FromString(stored(message).SerializeToString())
    return decode_serialized(document.fields, type(message))


def canonical(message: Message) -> bytes:
    """Return a representation that equals itself even with NaN."""
    return message.SerializeToString(deterministic=True)


@given(message=messages(EveryKind))
def test_a_message_with_fields_of_every_kind_comes_back_the_same(message: Message) -> None:
    assert canonical(message) == canonical(decode(stored(message).fields, EveryKind))


@pytest.mark.parametrize("message_class", [Machine, PoolChanged, OutboxEntry, IdempotencyRecord])
@given(data=st.data())
def test_the_models_messages_come_back_the_same(data: st.DataObject, message_class: type[Message]) -> None:
    message = data.draw(messages(message_class))

    assert message == decode(stored(message).fields, message_class)


@given(message=messages(EveryKind))
def test_plain_values_are_those_of_the_message(message: Message) -> None:
    assert canonical(message) == canonical(EveryKind(**listed(message)))


@given(machine=messages(Machine))
def test_plain_values_are_alike_of_a_message_and_of_its_document(machine: Machine) -> None:
    assert plain(machine) == listed(machine) == decode_plain(stored(machine).fields, Machine)


def test_what_is_large_or_one_of_many_is_read_all_the_same() -> None:
    machines = [Machine(id=f"{number}", name=f"{number}" * 500) for number in range(1000)]

    assert machines * 2 == [Machine(**listed(machine)) for machine in machines * 2]


def test_what_is_large_or_one_of_many_does_not_stay_in_memory() -> None:
    cache = ValueCache(lambda value: value.string_value)
    large = "x" * MAX_CACHED_BYTES

    for text in [large, *(f"{number}" for number in range(10 * MAX_CACHED_VALUES))]:
        assert text == cache[Value(string_value=text).SerializeToString()]
        assert len(cache) <= MAX_CACHED_VALUES

    assert large not in cache.values()


INTEGER_EXTREMES = [
    ("int32", -(2**31), -(2**31)),
    ("sfixed32", 2**31 - 1, 2**31 - 1),
    ("uint32", 2**32 - 1, 2**32 - 1),
    ("fixed32", 0, 0),
    ("int64", -(2**63), -(2**63)),
    ("sint64", 2**63 - 1, 2**63 - 1),
    ("sfixed64", -1, -1),
    ("uint64", 2**63 - 1, 2**63 - 1),
    ("uint64", 2**63, -(2**63)),
    ("fixed64", 2**64 - 1, -1),
    ("color", 1, 1),
    ("color", 4711, 4711),
    ("color", -(2**31), -(2**31)),
]


@pytest.mark.parametrize(("kind", "number", "expected"), INTEGER_EXTREMES)
def test_every_integer_is_stored_as_an_integer(kind: str, number: int, expected: int) -> None:
    message = EveryKind(**{kind: number})

    fields = stored(message).fields

    assert Value(integer_value=expected) == fields[kind]
    assert message == decode(fields, EveryKind)


@pytest.mark.parametrize(
    ("kind", "content", "expected"),
    [
        ("bool", True, Value(boolean_value=True)),
        ("string", "M\u00fcnchen \U0001f5a5", Value(string_value="M\u00fcnchen \U0001f5a5")),
        ("bytes", b"\xff\0", Value(bytes_value=b"\xff\0")),
        ("double", -math.inf, Value(double_value=-math.inf)),
        ("float", 0.5, Value(double_value=0.5)),
        ("time", {"seconds": -1, "nanos": 1}, Value(timestamp_value={"seconds": -1, "nanos": 1})),
    ],
)
def test_each_kind_has_its_own_value(kind: str, content: object, expected: Value) -> None:
    assert expected == stored(EveryKind(**{kind: content})).fields[kind]


@pytest.mark.parametrize("kind", ["float", "double"])
def test_not_a_number_survives(kind: str) -> None:
    fields = stored(EveryKind(**{kind: math.nan})).fields

    assert math.isnan(fields[kind].double_value)
    assert math.isnan(getattr(decode(fields, EveryKind), kind))


def test_messages_are_maps_and_repeated_fields_are_arrays() -> None:
    machine = Machine(cpus=[CPU(manufacturer="Intel", clock_frequency=2_400_000_000, cores=8)])

    cpus = stored(machine).fields["cpus"]

    cpu = {
        "manufacturer": {"string_value": "Intel"},
        "clock_frequency": {"integer_value": 2_400_000_000},
        "cores": {"integer_value": 8},
    }
    assert Value(array_value={"values": [{"map_value": {"fields": cpu}}]}) == cpus


def test_map_keys_are_text() -> None:
    message = EveryKind(
        int64_keys={-(2**63): 1},
        fixed64_keys={2**64 - 1: 2},
        bool_keys={True: 3, False: 4},
        string_keys={"": 5},
    )

    fields = stored(message).fields

    keys = {
        name: set(fields[f"{name}_keys"].map_value.fields) for name in ("int64", "fixed64", "bool", "string")
    }
    assert {
        "int64": {"-9223372036854775808"},
        "fixed64": {"18446744073709551615"},
        "bool": {"true", "false"},
        "string": {""},
    } == keys


def test_what_has_no_presence_is_written_when_empty_and_what_has_is_not() -> None:
    fields = stored(EveryKind()).fields

    always = [name for name in KINDS if name not in {"time", "nested"}]
    always += [field.name for field in EveryKind.DESCRIPTOR.fields if field.is_repeated]
    assert sorted(always) == sorted(fields)
    assert Value(integer_value=0) == fields["int64"]
    assert Value(string_value="") == fields["string"]
    assert Value(array_value={}) == fields["repeated_nested"]
    assert Value(map_value={}) == fields["by_string_nested"]


@pytest.mark.parametrize("kind", KINDS)
def test_absent_and_set_to_the_default_are_two_things(kind: str) -> None:
    default: Any = getattr(EveryKind(), kind)
    for name in (f"optional_{kind}", f"one_{kind}"):
        message = EveryKind(**{name: default})

        fields = stored(message).fields

        assert name in fields
        assert message == decode(fields, EveryKind)
        assert name not in stored(EveryKind()).fields


def test_a_field_that_the_document_lacks_has_its_default() -> None:
    assert Machine() == decode({}, Machine)


def test_a_field_of_a_newer_release_is_ignored() -> None:
    fields = stored(Machine(id="1", nics=[NIC(mac="00:00:5e:00:53:01")])).fields
    fields["rack"].string_value = "r1"
    fields["nics"].array_value.values[0].map_value.fields["speed"].integer_value = 10

    assert Machine(id="1", nics=[NIC(mac="00:00:5e:00:53:01")]) == decode(fields, Machine)


@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind not in {"bytes", "nested"}])
@pytest.mark.parametrize("wrong", [Value(bytes_value=b""), Value(null_value=None), Value()])
def test_a_value_of_the_wrong_kind_is_rejected(kind: str, wrong: Value) -> None:
    for fields in (
        {kind: wrong},
        {f"repeated_{kind}": wrong},
        {f"repeated_{kind}": Value(array_value={"values": [wrong]})},
        {f"by_string_{kind}": wrong},
        {f"by_string_{kind}": Value(map_value={"fields": {"key": wrong}})},
        {"nested": Value(map_value={"fields": {kind: wrong}})},
    ):
        with pytest.raises(DecodeError):
            decode(fields, EveryKind)


def test_a_decode_error_says_where_and_what() -> None:
    fields = stored(Machine(nics=[NIC(mac="00:00:5e:00:53:01")])).fields
    fields["nics"].array_value.values[0].map_value.fields["mac"].integer_value = 1

    with pytest.raises(DecodeError) as raised:
        decode(fields, Machine)

    error = raised.value
    expected = "inventory.v1.NIC.mac takes string_value, the document has integer_value"
    assert expected == str(error)
    assert expected == f"{error.field} takes {error.expected}, the document has {error.found}"


@pytest.mark.parametrize(
    ("kind", "number"), [("int32", 2**31), ("uint32", -1), ("uint32", 2**32), ("color", -(2**31) - 1)]
)
def test_an_integer_out_of_the_fields_range_is_rejected(kind: str, number: int) -> None:
    with pytest.raises(DecodeError, match=str(number)):
        decode({kind: Value(integer_value=number)}, EveryKind)


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("bool", "True"),
        ("bool", "1"),
        ("int32", "2147483648"),
        ("uint64", "-1"),
        ("int64", "01"),
        ("int64", "+1"),
        ("int64", "-0"),
        ("int64", " 1"),
        ("int64", "1_0"),
        ("int64", "\u0661"),
        ("int64", ""),
    ],
)
def test_a_map_key_that_was_not_written_by_the_codec_is_rejected(kind: str, key: str) -> None:
    with pytest.raises(DecodeError):
        decode({f"{kind}_keys": Value(map_value={"fields": {key: {"integer_value": 1}}})}, EveryKind)
