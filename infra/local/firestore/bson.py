"""The types of the Enterprise edition that are sent as maps with one reserved key, such as `{"__int__": 1}`.

https://firebase.google.com/docs/firestore/enterprise/data-types
"""

from collections.abc import Callable, Mapping
from decimal import Decimal, InvalidOperation

from google_apis.firestore.document_pb2 import Value
from infra.local.status_errors import InvalidArgument

OBJECT_ID = "__oid__"
MIN_KEY = "__min__"
MAX_KEY = "__max__"
INT32 = "__int__"
BINARY = "__binary__"
TIMESTAMP = "__request_timestamp__"
REGEX = "__regex__"
DECIMAL128 = "__decimal128__"

_INT32 = range(-(2**31), 2**31)
_UINT32 = range(2**32)
_REGEX_OPTIONS = set("imsux")
_OBJECT_ID_LENGTH = 24


def kind(fields: Mapping[str, Value]) -> str | None:
    """Return the reserved key of a map that represents one of these types; None for an ordinary map."""
    if len(fields) != 1:
        return None
    key = next(iter(fields))
    return key if key in _CHECKS else None


def check(key: str, value: Value) -> None:
    """Check the value of a reserved key, and convert it to its stored form."""
    _CHECKS[key](value)


def decimal(value: Value) -> Decimal:
    """Return the number of a 128-bit decimal; raise InvalidArgument if it is not a number."""
    try:
        return Decimal(value.string_value)
    except InvalidOperation as error:
        raise InvalidArgument(f'Invalid decimal128: "{value.string_value}"') from error


def _check_object_id(value: Value) -> None:
    text = value.string_value
    _require(
        len(text) == _OBJECT_ID_LENGTH and all(digit in "0123456789abcdef" for digit in text), "object id"
    )


def _check_extreme(value: Value) -> None:
    _require(value.HasField("null_value"), "minimum or maximum key")


def _check_int32(value: Value) -> None:
    _require(value.HasField("integer_value") and value.integer_value in _INT32, "32-bit integer")


def _check_binary(value: Value) -> None:
    _require(len(value.bytes_value) > 0, "binary: a subtype and its bytes")


def _check_timestamp(value: Value) -> None:
    fields = value.map_value.fields
    _require(set(fields) == {"seconds", "increment"}, "timestamp of seconds and increment")
    fit = (part.HasField("integer_value") and part.integer_value in _UINT32 for part in fields.values())
    _require(all(fit), "timestamp of 32-bit parts")


def _check_regex(value: Value) -> None:
    fields = value.map_value.fields
    _require(set(fields) == {"pattern", "options"}, "regular expression of pattern and options")
    _require(all(part.HasField("string_value") for part in fields.values()), "regular expression of strings")
    options = fields["options"].string_value
    if not set(options) <= _REGEX_OPTIONS:
        raise InvalidArgument(f'Invalid regex option: "{options}" has more than i, m, s, u and x.')


def _check_decimal(value: Value) -> None:
    number = decimal(value)
    if not number.is_finite():  # in any spelling
        value.string_value = "NaN" if number.is_nan() else str(number)


def _require(condition: bool, what: str) -> None:  # noqa: FBT001 - it reads as an assertion
    if not condition:
        raise InvalidArgument(f"Invalid value for a BSON {what}.")


_CHECKS: dict[str, Callable[[Value], None]] = {
    OBJECT_ID: _check_object_id,
    MIN_KEY: _check_extreme,
    MAX_KEY: _check_extreme,
    INT32: _check_int32,
    BINARY: _check_binary,
    TIMESTAMP: _check_timestamp,
    REGEX: _check_regex,
    DECIMAL128: _check_decimal,
}
