"""Protobuf messages as the fields of Firestore documents, and back, driven by descriptors.

| protobuf | Firestore |
| --- | --- |
| every integer kind | integer; what is beyond int64 (uint64, fixed64) as its two's complement |
| float, double | double |
| bool, string, bytes | the same |
| enum | integer: its number, known or not |
| `google.protobuf.Timestamp` | timestamp (the store keeps microseconds) |
| any other message | map, field by field |
| repeated | array |
| map | map; keys that are not strings as text: `-7`, `true` |

A field without presence is always written, also when zero or empty. A field with presence (`optional`, a
member of a `oneof`, a message) is written when it is set, and absent otherwise.

Decoding ignores document fields that the message does not have: while a new release is rolled out, the old
one reads what the new one wrote. So a writer that must keep such fields names its own in an update mask. A
field that the document lacks has its default value. A value of another kind than the field's is an error,
null too.

Each message type is compiled once, into one closure a field, for this is on every request's path: a machine
with five parts is encoded in 50 microseconds and decoded in 30 (the client library's own conversion of its
dictionary: 620 and 230). A list's machines become plain values in 6 to 17, as their values are known again by
their bytes: docs/decisions/0011-what-is-shown-is-read-serialized.md.
"""

from shared.store.codec.decoding import DecodeError, decode, decode_plain
from shared.store.codec.encoding import encode

__all__ = ["DecodeError", "decode", "decode_plain", "encode"]
