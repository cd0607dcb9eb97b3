"""JSON of RFC 8259 that all parsers read in the same way: nothing is silently fixed or dropped.

The standard library's parser keeps the last of two equal names, accepts NaN and Infinity, and turns half of a
surrogate pair into a lone surrogate. Parsing detects, at low cost, whether there may be such faults. Only
then is the document searched for their locations.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import Any, cast

from shared.domain.errors import Fault, Location, MalformedBody

MAX_DEPTH = 100
# More than any valid document has: 38,725. A body of 1 MiB can have half a million, each with a fault; to
# find and report these blocks all requests.
MAX_VALUES = 40_000
# A body of 1 MiB can have a quarter of a million faults, or very long names in their locations.
MAX_FAULTS = 1000
MAX_NAME_LENGTH = 1000
_INT64 = range(-(2**63), 2**63)
_MAX_INT64_DIGITS = 19
# An escape of a surrogate, which may lack its other half.
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class _Object(dict[str, Any]):
    """An object with duplicate names."""

    duplicates: list[str]


class _Parse:
    """The hooks for parsing one document, which detect whether it may have faults to search for."""

    def __init__(self) -> None:
        self.suspicious = False

    def object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result = dict(pairs)
        if len(result) == len(pairs):
            return result
        self.suspicious = True
        marked = _Object(result)
        marked.duplicates = [name for name, count in Counter(name for name, _ in pairs).items() if count > 1]
        return marked

    def integer(self, digits: str) -> int:
        if len(digits) < _MAX_INT64_DIGITS:
            return int(digits)
        self.suspicious = True
        # Python does not convert thousands of digits. Any value outside int64 will do: it is rejected too.
        return int(digits) if len(digits) <= _MAX_INT64_DIGITS + 1 else 2**63

    def decimal(self, digits: str) -> float:
        number = float(digits)
        self.suspicious = self.suspicious or math.isinf(number)
        return number

    def constant(self, name: str) -> float:
        self.suspicious = True
        return float(name)


def parse(raw: bytes, *, levels: int = MAX_DEPTH) -> tuple[Any, list[Fault]]:
    """Parse a document.

    Args:
        raw: the document.
        levels: how deep it can be nested.

    Returns:
        The document, without values that are nested too deep, and those faults that a validation of types
        does not find, each located in `body`: at most `MAX_FAULTS`. None instead of a document with too many
        values.

    Raises:
        MalformedBody: the document is not JSON in UTF-8.
    """
    if not raw:
        raise MalformedBody("There is no body, but it is required")
    parsing = _Parse()
    try:
        text = raw.decode()
        document = json.loads(
            text,
            object_pairs_hook=parsing.object,
            parse_int=parsing.integer,
            parse_float=parsing.decimal,
            parse_constant=parsing.constant,
        )
    except UnicodeDecodeError as error:
        raise MalformedBody(f"The body is not valid JSON: not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        raise MalformedBody(f"The body is not valid JSON: {error}") from error
    except RecursionError:
        return None, [_too_deep(("body",), levels)]
    opened = text.count("[") + text.count("{")
    if opened + text.count(",") > MAX_VALUES and _has_too_many_values(document):
        return None, [Fault(("body",), "too_many_values", f"must have at most {MAX_VALUES} values")]
    faults: Iterator[Fault] = iter(())
    if opened > levels and _is_deeper(document, levels):
        if not isinstance(document, dict):
            return None, [_too_deep(("body",), levels)]
        deep = [name for name, value in document.items() if _is_deeper(value, levels - 1)]
        faults = (_too_deep(("body", printable(name)), levels - 1) for name in deep)
        document.update(dict.fromkeys(deep))
    if parsing.suspicious or _SURROGATE.search(text):
        faults = chain(faults, _faults(document, ("body",)))
    return document, list(islice(faults, MAX_FAULTS))


def _too_deep(location: Location, levels: int) -> Fault:
    return Fault(location, "nested_too_deep", f"must not be nested deeper than {levels} levels")


def _has_too_many_values(document: Any) -> bool:  # noqa: ANN401 - any JSON value
    values = [document]
    count = 1
    while values and count <= MAX_VALUES:
        values = _parts(values)
        count += len(values)
    return count > MAX_VALUES


def _is_deeper(document: Any, levels: int) -> bool:  # noqa: ANN401 - any JSON value
    values = [document]
    for _ in range(levels):
        values = _parts(values)
        if not values:
            return False
    return any(isinstance(value, dict | list) for value in values)


def _parts(values: Iterable[Any]) -> list[Any]:
    """Return the values directly within some values."""
    containers = [value for value in values if isinstance(value, dict | list)]
    return [part for held in containers for part in (held.values() if isinstance(held, dict) else held)]


def _faults(value: Any, location: Location) -> Iterator[Fault]:  # noqa: ANN401 - any JSON value
    match value:
        case str():
            yield from _surrogates(value, location)
        case int() if value not in _INT64:
            yield Fault(location, "int64", "must be an integer of 64 bits")
        case float() if not math.isfinite(value):
            yield Fault(location, "finite_number", "must be a finite number")
        case dict():
            yield from _object_faults(cast("dict[str, Any]", value), location)
        case list():
            for index, item in enumerate(value):
                yield from _faults(item, (*location, index))


def _object_faults(value: dict[str, Any], location: Location) -> Iterator[Fault]:
    for name in getattr(value, "duplicates", []):
        yield Fault((*location, printable(name)), "duplicate_key", "must not be given twice")
    for name, item in value.items():
        item_location = (*location, printable(name))
        yield from _surrogates(name, item_location)
        yield from _faults(item, item_location)


def _surrogates(text: str, location: Location) -> Iterator[Fault]:
    if text.encode(errors="replace") != text.encode(errors="surrogatepass"):
        yield Fault(location, "lone_surrogate", "must not have a lone surrogate")


def printable(name: str) -> str:
    """Return a name for a fault's location: cut if too long, lone surrogates replaced as by pydantic."""
    text = name.encode(errors="surrogatepass").decode(errors="replace")
    return text if len(text) <= MAX_NAME_LENGTH else f"{text[:MAX_NAME_LENGTH]}..."
