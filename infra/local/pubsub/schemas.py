"""Schemas with their revisions, and the check of messages against them."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from google_apis.pubsub import pubsub_pb2
from google_apis.pubsub import schema_pb2 as pb
from infra.local.pubsub.clock import Clock
from infra.local.pubsub.definitions import MessageType
from infra.local.pubsub.errors import ResourceExists, ResourceNotFound
from infra.local.pubsub.journal import Journal
from infra.local.pubsub.names import check_name
from infra.local.status_errors import FailedPrecondition, InvalidArgument

DELETED_SCHEMA = "_deleted-schema_"
"""The schema in a topic's configuration after the schema is deleted."""

_MAX_REVISIONS = 20  # https://cloud.google.com/pubsub/docs/schemas


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision of a schema. `proto` includes its compiled definition."""

    proto: pb.Schema
    type: MessageType

    @property
    def id(self) -> str:
        """Its id: eight hexadecimal digits."""
        return self.proto.revision_id


class Schemas:
    """All schemas of all projects, each with its revisions, oldest first."""

    def __init__(self, clock: Clock, journal: Journal) -> None:
        """Restore the schemas from the journal."""
        self._clock = clock
        self._journal = journal
        self.revisions: dict[str, list[Revision]] = {}
        for proto in sorted(map(pb.Schema.FromString, journal.resources("schema")), key=_created):
            self._append(proto)

    def create(self, name: str, schema: pb.Schema) -> Revision:
        """Create a schema with its first revision. `schema` must include its compiled definition."""
        check_name(name, "schemas")
        if name in self.revisions:
            raise ResourceExists(name)
        return self._add(name, schema)

    def commit(self, name: str, schema: pb.Schema) -> Revision:
        """Add a revision.

        Raises:
            ResourceNotFound: the schema does not exist.
            FailedPrecondition: it already has the maximum number of revisions.
        """
        if len(self.of(name)) >= _MAX_REVISIONS:
            raise FailedPrecondition(
                f"A schema has at most {_MAX_REVISIONS} revisions; delete one before you add another."
            )
        return self._add(name, schema)

    def roll_back(self, name: str, revision_id: str) -> Revision:
        """Add a copy of an earlier revision, with the same errors as `commit`."""
        return self.commit(name, self.get(f"{name}@{revision_id}").proto)

    def of(self, name: str) -> list[Revision]:
        """Return a schema's revisions, oldest first."""
        check_name(name, "schemas")
        try:
            return self.revisions[name]
        except KeyError:
            raise ResourceNotFound(name) from None

    def get(self, name: str) -> Revision:
        """Return a schema's latest revision, or the one in the name: `{name}@{revision}`.

        Raises:
            ResourceNotFound: the schema or the revision does not exist.
            InvalidArgument: the name is malformed, or ends with the `@`.
        """
        name, separator, revision_id = name.partition("@")
        revisions = self.of(name)
        if not separator:
            return revisions[-1]
        if not revision_id:
            raise InvalidArgument("A revision id is needed.")
        for revision in revisions:
            if revision.id == revision_id:
                return revision
        raise ResourceNotFound(f"{name}@{revision_id}")

    def delete_revision(self, name: str) -> Revision:
        """Delete the revision in the name, and return the latest remaining one."""
        revision = self.get(name)
        revisions = self.of(revision.proto.name)
        if len(revisions) == 1:
            raise FailedPrecondition("A schema's only revision cannot be deleted; delete the schema.")
        revisions.remove(revision)
        self._forget(revision)
        return revisions[-1]

    def delete(self, name: str) -> None:
        """Delete a schema with all its revisions."""
        for revision in self.of(name):
            self._forget(revision)
        del self.revisions[name]

    def stamp(
        self, settings: pubsub_pb2.SchemaSettings, messages: Iterable[pubsub_pb2.PubsubMessage]
    ) -> None:
        """Check messages against a topic's schema, and add attributes with its name, revision and encoding.

        Source: https://cloud.google.com/pubsub/docs/schemas#parse-messages

        Raises:
            InvalidArgument: a message matches none of the revisions that the topic allows.
            FailedPrecondition: the schema is deleted.
        """
        if settings.schema == DELETED_SCHEMA:
            raise FailedPrecondition("The topic's schema is deleted.")
        revisions = self._allowed(settings)
        encoding = pb.Encoding.Name(settings.encoding)
        for message in messages:
            revision = _fitting(revisions, message.data, settings.encoding)
            message.attributes["googclient_schemaencoding"] = encoding
            message.attributes["googclient_schemaname"] = settings.schema
            message.attributes["googclient_schemarevisionid"] = revision.id

    def check_settings(self, settings: pubsub_pb2.SchemaSettings) -> None:
        """Check that the schema settings of a topic name an existing schema, revisions and encoding."""
        self.of(settings.schema)
        if settings.encoding == pb.Encoding.ENCODING_UNSPECIFIED:
            raise InvalidArgument("schema_settings need an encoding.")
        for revision_id in (settings.first_revision_id, settings.last_revision_id):
            if revision_id:
                self.get(f"{settings.schema}@{revision_id}")

    def _allowed(self, settings: pubsub_pb2.SchemaSettings) -> list[Revision]:
        """Return the revisions that a topic allows, newest first."""
        revisions = self.of(settings.schema)
        ids = [revision.id for revision in revisions]
        first = ids.index(settings.first_revision_id) if settings.first_revision_id in ids else 0
        last = ids.index(settings.last_revision_id) if settings.last_revision_id in ids else len(ids) - 1
        return revisions[first : last + 1][::-1]

    def _add(self, name: str, schema: pb.Schema) -> Revision:
        proto = pb.Schema()
        proto.CopyFrom(schema)
        proto.name = name
        proto.revision_id = uuid.uuid4().hex[:8]
        proto.revision_create_time.FromMicroseconds(round(self._clock() * 1e6))
        self._journal.save("schema", f"{name}@{proto.revision_id}", proto.SerializeToString())
        return self._append(proto)

    def _append(self, proto: pb.Schema) -> Revision:
        revision = Revision(proto, MessageType(proto.compiled_proto_schema))
        self.revisions.setdefault(proto.name, []).append(revision)
        return revision

    def _forget(self, revision: Revision) -> None:
        self._journal.remove("schema", f"{revision.proto.name}@{revision.id}")


def _fitting(revisions: Iterable[Revision], data: bytes, encoding: pb.Encoding) -> Revision:
    reasons = []
    for revision in revisions:
        try:
            revision.type.check(data, encoding)
        except ValueError as error:
            reasons.append(f"{revision.id}: {error}")
        else:
            return revision
    raise InvalidArgument(
        f"Invalid data in message: Message failed schema validation ({'; '.join(reasons)})."
    )


def _created(proto: pb.Schema) -> int:
    return proto.revision_create_time.ToNanoseconds()
