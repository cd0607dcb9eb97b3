"""Conversion between protobuf messages and fields of Firestore documents, driven by descriptors.

| protobuf | Firestore |
| --- | --- |
| every integer type | integer; values beyond int64 (uint64, fixed64) as their two's complement |
| float, double | double |
| bool, string, bytes | the same |
| enum | integer: its number, also if unknown |
| `google.protobuf.Timestamp` | timestamp (the store keeps microseconds) |
| any other message | map, field by field |
| repeated | array |
| map | map; keys that are not strings become text: `-7`, `true` |

A field without presence is always written, even if it is zero or empty. A field with presence (`optional`, a
member of a `oneof`, a message) is written only if it is set.

Decoding ignores document fields that the message does not have, because the old release reads what a new one
writes while it is rolled out. A writer that must keep such fields uses an update mask with its own fields. A
field that the document lacks has its default value. A value of another kind than the field's is an error,
including null.

Each message type is compiled once into one closure per field, because every request uses this. A machine with
five parts is encoded in 50 microseconds and decoded in 30 (the client library converts its dictionary in 620
and 230). Machines of a list become plain values in 6 to 17, because values are cached by their bytes:
docs/decisions/0011-what-is-shown-is-read-serialized.md.
"""

from shared.store.codec.decoding import DecodeError, decode, decode_plain, decode_serialized
from shared.store.codec.encoding import encode

__all__ = ["DecodeError", "decode", "decode_plain", "decode_serialized", "encode"]
