"""The writes of a commit, each with the precondition that makes it safe."""

from google.protobuf.message import Message

from shared.store.codec import encode
from shared.store.wire import Document, Precondition, Write


def create(name: str, message: Message) -> Write:
    """Create a document; the commit is refused where one exists."""
    return Write(
        update=Document(name=name, fields=encode(message)), current_document=Precondition(exists=False)
    )


def replace(name: str, message: Message, seen: Document) -> Write:
    """Replace a document; the commit is refused where it is not the one that was seen."""
    return Write(
        update=Document(name=name, fields=encode(message)),
        current_document=Precondition(update_time=seen.update_time),
    )


def delete(name: str) -> Write:
    """Delete a document, if it exists."""
    return Write(delete=name)
