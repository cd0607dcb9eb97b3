"""Resource names of databases, documents and collections, and the rules for their ids.

https://firebase.google.com/docs/firestore/quotas#collections_documents_and_fields
"""

import re

from infra.local.status_errors import InvalidArgument

MAX_ID_BYTES = 1500
MAX_NAME_BYTES = 6 * 1024
MAX_COLLECTION_DEPTH = 100
RESERVED = re.compile(r"__.*__", re.DOTALL)  # ids, and names of fields

_DATABASE = re.compile(r"projects/([^/]+)/databases/([^/]+)")
_DOCUMENTS = re.compile(r"(projects/[^/]+/databases/[^/]+)/documents(?:/(.*))?", re.DOTALL)
_NUMERIC_ID = re.compile(r"__id-?\d+__")


def database(name: str) -> str:
    """Check a database's name, `projects/{project}/databases/{database}`, and return it."""
    if not _DATABASE.fullmatch(name):
        raise InvalidArgument(f"Invalid database name: {name!r}")
    return name


def document(name: str) -> tuple[str, str]:
    """Split a document's name into its database and its path below `documents/`."""
    database_name, path = _split(name)
    segments = path.split("/")
    if len(segments) % 2:
        raise InvalidArgument(f'Document name "{name}" lacks "/documents", a collection id or a document id.')
    _check(name, segments)
    return database_name, path


def document_in(name: str, database_name: str) -> str:
    """Return the path of a document, which must be in a given database."""
    found, path = document(name)
    if found != database_name:
        raise InvalidArgument(f'Document name "{name}" is not in the database "{database_name}".')
    return path


def parent(name: str) -> tuple[str, str]:
    """Split the name of a collection's parent into its database and its path, which is empty for the root."""
    match = _DOCUMENTS.fullmatch(name)
    if not match:
        raise InvalidArgument(f"Invalid parent: {name!r}")
    return (match[1], "") if not match[2] else document(name)


def single_id(identifier: str) -> str:
    """Check a single id of a collection or document, and return it."""
    _check(identifier, [identifier])
    return identifier


def join(parent_path: str, *segments: str) -> str:
    """Return the path of a collection or document below a parent; the root's path is empty."""
    return "/".join((parent_path, *segments) if parent_path else segments)


def document_name(database_name: str, path: str) -> str:
    """Return a document's full name."""
    return f"{database_name}/documents/{path}"


def _split(name: str) -> tuple[str, str]:
    match = _DOCUMENTS.fullmatch(name)
    if not match or not match[2]:
        raise InvalidArgument(f"Invalid document name: {name!r}")
    return match[1], match[2]


def _check(name: str, segments: list[str]) -> None:
    for segment in segments:
        if not segment or segment in (".", "..") or "/" in segment:
            raise InvalidArgument(f'"{name}" has the invalid id "{segment}".')
        if segment.startswith("__") and RESERVED.fullmatch(segment) and not _NUMERIC_ID.fullmatch(segment):
            raise InvalidArgument(f'The id "{segment}" is invalid because it is reserved.')
        if len(segment) * 4 > MAX_ID_BYTES and len(segment.encode()) > MAX_ID_BYTES:
            raise InvalidArgument(f"An id is longer than {MAX_ID_BYTES} bytes.")
    if len(segments) > 2 * MAX_COLLECTION_DEPTH:
        raise InvalidArgument(f"Collections are nested at most {MAX_COLLECTION_DEPTH} deep.")
    if len(name) * 4 > MAX_NAME_BYTES and len(name.encode()) > MAX_NAME_BYTES:
        raise InvalidArgument(f"A document name is longer than {MAX_NAME_BYTES} bytes.")
