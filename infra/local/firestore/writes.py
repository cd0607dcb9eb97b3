"""One write of a commit: its rules, its precondition, and the resulting document.

https://firebase.google.com/docs/firestore/reference/rpc/google.firestore.v1#write
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from google_apis.firestore.common_pb2 import Precondition
from google_apis.firestore.document_pb2 import Document, Value
from google_apis.firestore.write_pb2 import DocumentTransform, Write
from infra.local.firestore import clock, limits, names, partial, paths, transforms
from infra.local.firestore.state import Version
from infra.local.status_errors import (
    AlreadyExists,
    FailedPrecondition,
    InvalidArgument,
    NotFound,
)


@dataclass(slots=True)
class CheckedWrite:
    """A write that follows the rules that do not depend on the stored document.

    Attributes:
        path: The document's path below `documents/`.
        name: Its full name.
        write: The write.
        mask: The paths that it sets or removes; None if it has no mask.
        transforms: Its transforms.
        fields: The names of the document's fields that the mask and the transforms affect.
    """

    path: str
    name: str
    write: Write
    mask: list[paths.FieldPath] | None
    transforms: Sequence[DocumentTransform.FieldTransform]
    fields: frozenset[str]

    @property
    def deletes(self) -> bool:
        """Whether the write deletes its document."""
        return self.write.HasField("delete")

    @property
    def replaces(self) -> bool:
        """Whether the write replaces all fields of its document."""
        return self.mask is None and not self.write.HasField("transform")


@dataclass(slots=True)
class Outcome:
    """The document after a write.

    Attributes:
        data: The serialized document; empty if it does not exist.
        created: Its creation time, in microseconds.
        updated: Its update time, in microseconds.
        changed: Whether the write changed anything.
        results: The results of the transforms.
    """

    data: bytes
    created: int
    updated: int
    changed: bool
    results: list[Value] = field(default_factory=list)


def check(write: Write, database: str) -> CheckedWrite:
    """Check a write by the rules that do not depend on the stored document; raise InvalidArgument."""
    match write.WhichOneof("operation"):
        case "update":
            name, own_transforms = write.update.name, write.update_transforms
            limits.check_fields(write.update.fields)
        case "delete":
            name, own_transforms = write.delete, write.update_transforms
            if write.HasField("update_mask") or own_transforms:
                raise InvalidArgument("A delete has no mask and no transforms.")
        case "transform":
            name, own_transforms = write.transform.document, write.transform.field_transforms
            if write.HasField("update_mask") or write.update_transforms:
                raise InvalidArgument("A transform has no update mask and no update transforms.")
            if not own_transforms:
                raise InvalidArgument("A transform has at least one field transform.")
        case _:
            raise InvalidArgument("A write has no operation.")
    if len(own_transforms) > limits.MAX_TRANSFORMS:
        raise InvalidArgument(f"At most {limits.MAX_TRANSFORMS} fields of a document are transformed.")
    transformed = [_writable(transform.field_path) for transform in own_transforms]
    mask = (
        [_writable(path) for path in write.update_mask.field_paths] if write.HasField("update_mask") else None
    )
    fields = frozenset(path[0] for path in (*(mask or ()), *transformed))
    return CheckedWrite(names.document_in(name, database), name, write, mask, own_transforms, fields)


def perform(write: CheckedWrite, stored: Version | None, now: int) -> Outcome:
    """Compute the document after a write.

    Args:
        write: The write.
        stored: The document's version before the write; None if it does not exist.
        now: The commit time, in microseconds.

    Raises:
        AlreadyExists: The document must not exist, but it does.
        NotFound: The document must exist, but it does not.
        FailedPrecondition: The stored update time is not the one in the precondition.
        InvalidArgument: The precondition, a transform or the resulting document is invalid.
    """
    if write.write.HasField("current_document"):
        _require(write.write.current_document, write.name, stored, now)
    if write.deletes:
        return Outcome(b"", created=0, updated=now, changed=stored is not None)
    before = None if stored is None else _affected(write, stored)
    document = _updated(write, before)
    results = [transforms.apply(transform, document.fields, now) for transform in write.transforms]
    if results:
        limits.check_fields(document.fields)
    if stored is not None:
        _stamp(document, write.name, stored.created, stored.updated)
        if document == before:
            return Outcome(stored.data, stored.created, stored.updated, changed=False, results=results)
    created = now if stored is None else stored.created
    _stamp(document, write.name, created, now)
    if stored is None or write.replaces:
        data = document.SerializeToString()
    else:
        data = partial.replace(stored.data, write.fields, document)
    limits.check_size(data)
    return Outcome(data, created, now, changed=True, results=results)


def _require(precondition: Precondition, name: str, stored: Version | None, now: int) -> None:
    if precondition.HasField("exists"):
        if precondition.exists and stored is None:
            raise NotFound(f"No document to update: {name}")
        if not precondition.exists and stored is not None:
            raise AlreadyExists(f"Document already exists: {name}")
    elif precondition.HasField("update_time"):
        required = clock.from_timestamp(precondition.update_time)
        if required > now:
            raise InvalidArgument("The required update time is in the future.")
        found = 0 if stored is None else stored.updated
        if found != required:
            raise FailedPrecondition(
                f"the stored version ({found}) does not match the required base version ({required})"
            )


def _updated(write: CheckedWrite, before: Document | None) -> Document:
    """Return the document before transforms: all of it if the write replaces it, or the affected fields."""
    new = write.write.update
    if write.replaces and not write.transforms:
        return new
    document = Document()
    if write.replaces:
        document.CopyFrom(new)  # transforms need a copy: a write that waits is computed again
        return document
    if before is not None:
        document.CopyFrom(before)
    for path in write.mask or ():
        value = paths.get(new.fields, path)
        if value is None:
            paths.remove(document.fields, path)
        else:
            paths.put(document.fields, path, value)
    return document


def _affected(write: CheckedWrite, stored: Version) -> Document:
    """Return the part of the stored document that a write affects."""
    return Document.FromString(stored.data) if write.replaces else partial.parse(stored.data, write.fields)


def _stamp(document: Document, name: str, created: int, updated: int) -> None:
    document.name = name
    clock.stamp(document.create_time, created)
    clock.stamp(document.update_time, updated)


def _writable(text: str) -> paths.FieldPath:
    path = paths.parse(text)
    for name in path:
        limits.check_field_name(name)
    return path
