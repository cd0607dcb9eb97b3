"""Definitions of Pub/Sub topic schemas: each is one top-level message in one file without imports.

All types that the message refers to are nested in it, also Google's own. The wire format stays the same.
https://cloud.google.com/pubsub/docs/schemas#schema_definition
"""

from collections.abc import Iterator

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor

INDENT = "  "
SCALARS = {
    number: name.removeprefix("TYPE_").lower()
    for name, number in vars(FieldDescriptor).items()
    if name.startswith("TYPE_")
}


def definition(message: Descriptor) -> str:
    """Return a message as a self-contained .proto file."""
    nested = list(_references(message, {message.full_name}))
    lines = [
        'syntax = "proto3";',
        "",
        f"package {message.file.package};",
        "",
        f"message {message.name} {{",
        *_indented(_fields(message)),
        *(line for reference in nested for line in ("", *_indented(_declaration(reference)))),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _references(message: Descriptor, seen: set[str]) -> Iterator[Descriptor | EnumDescriptor]:
    """Yield all types that a message refers to, directly or through other types, each once."""
    for field in message.fields:
        reference = field.message_type or field.enum_type
        if reference is None or reference.full_name in seen:
            continue
        seen.add(reference.full_name)
        if isinstance(reference, EnumDescriptor):
            yield reference
        else:
            if not _map_entry(field):
                yield reference
            yield from _references(reference, seen)


def _declaration(reference: Descriptor | EnumDescriptor) -> Iterator[str]:
    if isinstance(reference, EnumDescriptor):
        yield f"enum {reference.name} {{"
        yield from _indented(f"{value.name} = {value.number};" for value in reference.values)
    else:
        yield f"message {reference.name} {{"
        yield from _indented(_fields(reference))
    yield "}"


def _fields(message: Descriptor) -> Iterator[str]:
    for field in message.fields:
        yield f"{_type(field)} {field.name} = {field.number};"


def _type(field: FieldDescriptor) -> str:
    if entry := _map_entry(field):
        return f"map<{_name(entry.fields_by_name['key'])}, {_name(entry.fields_by_name['value'])}>"
    if field.is_repeated:
        return f"repeated {_name(field)}"
    # protoc puts an `optional` field into a oneof of its own.
    return f"optional {_name(field)}" if field.containing_oneof else _name(field)


def _map_entry(field: FieldDescriptor) -> Descriptor | None:
    """Return the message of a map field's entries; None if the field is not a map."""
    message = field.message_type
    return message if message is not None and message.GetOptions().map_entry else None


def _name(field: FieldDescriptor) -> str:
    reference = field.message_type or field.enum_type
    return reference.name if reference else SCALARS[field.type]


def _indented(lines: Iterator[str]) -> Iterator[str]:
    return (f"{INDENT}{line}" for line in lines)
