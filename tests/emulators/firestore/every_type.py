"""Values of all types, in production's order."""

import datetime as dt
import math
from itertools import chain

from google.cloud.firestore import Client, GeoPoint
from google.cloud.firestore_v1.vector import Vector

AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
NULLS = 0  # the index of null's group


def by_type(client: Client) -> list[list[object]]:
    """Groups of values that can be compared with each other, each in ascending order."""
    return [
        [None],
        [{"__min__": None}],
        [False, True],
        [
            math.nan,
            -math.inf,
            -1.5,
            -1,
            0,
            5e-324,
            1,
            2**53,
            2**53 + 1,
            float(2**53 + 2),
            2**63 - 1,
            float(2**63),
            math.inf,
        ],
        [AT, AT + dt.timedelta(microseconds=1)],
        [{"__request_timestamp__": {"seconds": seconds, "increment": 1}} for seconds in (0, 2**32 - 1)],
        [
            "",
            "\x00",
            "\x00\x00",
            "\x00x",
            "\x01",
            "a",
            "a\x00",
            "aa",
            "b",
            "\uffff",
            "\U0001f600",  # after U+FFFF by UTF-8 bytes, before it by UTF-16 units
        ],
        [b"", b"\x00", b"\x00\x00", b"\x00\xff", b"\x01", b"1", b"\xfe", b"\xff", b"\xff\x00", b"\xff\xff"],
        [{"__binary__": raw} for raw in (b"\x00", b"\x00\x00", b"\x00\xff", b"\xff", b"\xff\xff")],
        [
            client.document("a/__id-1__"),
            client.document("a/__id5__"),
            client.document("a/__id10__"),
            client.document("a/\x01"),
            client.document("a/b"),
            client.document("a/b/c/d"),
            client.document("a/bb"),
            client.document("b/a"),
        ],
        [{"__oid__": "0" * 24}, {"__oid__": "f" * 24}],
        [GeoPoint(-90, 0), GeoPoint(1, -2), GeoPoint(1, 2)],
        [{"__regex__": {"pattern": pattern, "options": ""}} for pattern in ("", "\x00", "a")],
        [[], [None], [1], [1, None], [1, 2], [2], [""], ["", 1], ["\x00"], [b""], [{}]],
        [Vector([-1.0]), Vector([9.0]), Vector([1.0, 2.0]), Vector([1.0, 3.0])],
        [
            {},
            {"\x00": 1},
            {"a": None},
            {"a": 1},
            {"a": 1, "b": 0},
            {"a": 2},
            {"a": ""},
            {"a": "\x00"},
            {"b": 0},
        ],
        [{"__max__": None}],
    ]


def in_order(client: Client) -> list[object]:
    """All values in ascending order."""
    return list(chain.from_iterable(by_type(client)))
