"""Field transforms: values that the server computes from a field's stored value.

https://firebase.google.com/docs/firestore/reference/rpc/google.firestore.v1#documenttransform
"""

from collections.abc import Iterable

from google_apis.firestore.document_pb2 import Value
from google_apis.firestore.write_pb2 import DocumentTransform
from infra.local.firestore import clock, limits, ordering, paths
from infra.local.status_errors import InvalidArgument

_MAX = 2**63 - 1
_MIN = -(2**63)
_NUMBERS = ("integer_value", "double_value")


def apply(transform: DocumentTransform.FieldTransform, fields: paths.Fields, now: int) -> Value:
    """Transform one field in place, and return the result to report.

    Args:
        transform: The transform.
        fields: The document's fields.
        now: The commit time, in microseconds.
    """
    path = paths.parse(transform.field_path)
    stored = paths.get(fields, path)
    kind = transform.WhichOneof("transform_type")
    match kind:
        case "set_to_server_value":
            result = new = _server_value(transform, now)
        case "increment":
            result = new = _increment(stored, transform.increment)
        case "maximum" | "minimum":
            result = new = _extreme(stored, getattr(transform, kind), largest=kind == "maximum")
        case "append_missing_elements":
            new, result = _append(stored, transform.append_missing_elements.values), _null()
        case "remove_all_from_array":
            new, result = _remove(stored, transform.remove_all_from_array.values), _null()
        case _:
            raise InvalidArgument(f'The transform of "{transform.field_path}" has no operation.')
    paths.put(fields, path, new)
    return result


def _server_value(transform: DocumentTransform.FieldTransform, now: int) -> Value:
    if transform.set_to_server_value != DocumentTransform.FieldTransform.REQUEST_TIME:
        raise InvalidArgument(f'The server value of "{transform.field_path}" is unknown.')
    # "The time at which the server processed the request, with millisecond precision."
    return Value(timestamp_value=clock.to_timestamp(now - now % clock.MILLISECOND))


def _increment(stored: Value | None, by: Value) -> Value:
    amount = _number(by)
    if stored is None or stored.WhichOneof("value_type") not in _NUMBERS:
        return by
    total = _number(stored) + amount
    if isinstance(total, int):
        return Value(integer_value=min(max(total, _MIN), _MAX))  # saturates, as documented
    return Value(double_value=total)


def _extreme(stored: Value | None, operand: Value, *, largest: bool) -> Value:
    _number(operand)
    if stored is None or stored.WhichOneof("value_type") not in _NUMBERS:
        return operand
    before, other = ordering.encode(stored), ordering.encode(operand)
    if ordering.NAN in (before, other):  # NaN is the result in both cases
        return stored if before == ordering.NAN else operand
    stays = before >= other if largest else before <= other
    return stored if stays else operand


def _number(value: Value) -> int | float:
    match value.WhichOneof("value_type"):
        case "integer_value":
            return value.integer_value
        case "double_value":
            return value.double_value
    raise InvalidArgument("A numeric transform needs an integer or a double.")


def _append(stored: Value | None, elements: Iterable[Value]) -> Value:
    result = _array(stored)
    present = {ordering.encode(element) for element in result.array_value.values}
    for element in _checked(elements):
        encoded = ordering.encode(element)
        if encoded not in present:
            present.add(encoded)
            result.array_value.values.append(element)
    return result


def _remove(stored: Value | None, elements: Iterable[Value]) -> Value:
    unwanted = {ordering.encode(element) for element in _checked(elements)}
    result = _array(None)
    result.array_value.values.extend(
        element for element in _array(stored).array_value.values if ordering.encode(element) not in unwanted
    )
    return result


def _array(stored: Value | None) -> Value:
    result = Value()
    result.array_value.SetInParent()
    if stored is not None and stored.HasField("array_value"):
        result.array_value.CopyFrom(stored.array_value)
    return result


def _checked(elements: Iterable[Value]) -> Iterable[Value]:
    for element in elements:
        if element.HasField("array_value"):
            raise InvalidArgument("Cannot convert an array value in an array value.")
        limits.check_value(element)
        yield element


def _null() -> Value:
    return Value(null_value="NULL_VALUE")
