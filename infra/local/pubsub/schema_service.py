"""The RPCs of google.pubsub.v1.SchemaService, only for protocol buffer schemas."""

import grpc
from google.protobuf.empty_pb2 import Empty

from google_apis.pubsub import schema_pb2 as pb
from infra.local.pubsub.broker import Broker
from infra.local.pubsub.definitions import MessageType, compiled
from infra.local.pubsub.pages import page, page_of_project
from infra.local.pubsub.schemas import Revision
from infra.local.status_errors import InvalidArgument, Unimplemented
from infra.local.wire import UnaryMethods, Wire


class SchemaService:
    """The RPCs of google.pubsub.v1.SchemaService. Each is documented in google/pubsub/v1/schema.proto."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._schemas = broker.schemas

    def on(self, wire: Wire) -> grpc.GenericRpcHandler:
        """Return the handler of the service's RPCs."""
        methods: UnaryMethods = {
            "CreateSchema": (self._create, pb.CreateSchemaRequest),
            "GetSchema": (self._get, pb.GetSchemaRequest),
            "ListSchemas": (self._list, pb.ListSchemasRequest),
            "ListSchemaRevisions": (self._list_revisions, pb.ListSchemaRevisionsRequest),
            "CommitSchema": (self._commit, pb.CommitSchemaRequest),
            "RollbackSchema": (self._roll_back, pb.RollbackSchemaRequest),
            "DeleteSchemaRevision": (self._delete_revision, pb.DeleteSchemaRevisionRequest),
            "DeleteSchema": (self._delete, pb.DeleteSchemaRequest),
            "ValidateSchema": (self._validate, pb.ValidateSchemaRequest),
            "ValidateMessage": (self._validate_message, pb.ValidateMessageRequest),
        }
        return wire.unary("google.pubsub.v1.SchemaService", methods)

    async def _create(self, request: pb.CreateSchemaRequest) -> pb.Schema:
        name = f"{request.parent}/schemas/{request.schema_id}"
        return await self._committed(self._schemas.create(name, await _compiled(request.schema)))

    async def _commit(self, request: pb.CommitSchemaRequest) -> pb.Schema:
        return await self._committed(self._schemas.commit(request.name, await _compiled(request.schema)))

    async def _roll_back(self, request: pb.RollbackSchemaRequest) -> pb.Schema:
        return await self._committed(self._schemas.roll_back(request.name, request.revision_id))

    async def _delete_revision(self, request: pb.DeleteSchemaRevisionRequest) -> pb.Schema:
        name = request.name
        if "@" not in name:
            name = f"{name}@{request.revision_id}"  # the older form of the request
        return await self._committed(self._schemas.delete_revision(name))

    async def _delete(self, request: pb.DeleteSchemaRequest) -> Empty:
        self._broker.delete_schema(request.name)
        await self._broker.journal.committed()
        return Empty()

    async def _get(self, request: pb.GetSchemaRequest) -> pb.Schema:
        return _view(self._schemas.get(request.name), request.view or pb.SchemaView.FULL)

    async def _list(self, request: pb.ListSchemasRequest) -> pb.ListSchemasResponse:
        names, token = page_of_project(self._schemas.revisions, request.parent, request)
        schemas = [_view(self._schemas.get(name), request.view) for name in names]
        return pb.ListSchemasResponse(schemas=schemas, next_page_token=token)

    async def _list_revisions(self, request: pb.ListSchemaRevisionsRequest) -> pb.ListSchemaRevisionsResponse:
        revisions = {revision.id: revision for revision in self._schemas.of(request.name)}
        ids, token = page(revisions, request)
        schemas = [_view(revisions[revision_id], request.view) for revision_id in ids]
        return pb.ListSchemaRevisionsResponse(schemas=schemas, next_page_token=token)

    async def _validate(self, request: pb.ValidateSchemaRequest) -> pb.ValidateSchemaResponse:
        await _compiled(request.schema)
        return pb.ValidateSchemaResponse()

    async def _validate_message(self, request: pb.ValidateMessageRequest) -> pb.ValidateMessageResponse:
        if request.HasField("schema"):
            type_ = MessageType((await _compiled(request.schema)).compiled_proto_schema)
        else:
            type_ = self._schemas.get(request.name).type
        if request.encoding == pb.Encoding.ENCODING_UNSPECIFIED:
            raise InvalidArgument("An encoding is needed.")
        try:
            type_.check(request.message, request.encoding)
        except ValueError as error:
            raise InvalidArgument(f"Invalid data in message: {error}.") from error
        return pb.ValidateMessageResponse()

    async def _committed(self, revision: Revision) -> pb.Schema:
        await self._broker.journal.committed()
        return _view(revision, pb.SchemaView.FULL)


async def _compiled(schema: pb.Schema) -> pb.Schema:
    """Return a new schema in its stored form, which includes the compiled definition.

    Raises:
        InvalidArgument: it does not compile.
        Unimplemented: it is not a protocol buffer definition.
    """
    if schema.HasField("compiled_proto_schema"):
        raise Unimplemented("Schema.compiled_proto_schema")
    if schema.type_ == pb.Schema.Type.AVRO:
        raise Unimplemented("Schema.type AVRO")
    if schema.type_ != pb.Schema.Type.PROTOCOL_BUFFER:
        raise InvalidArgument("A schema needs a type.")
    return pb.Schema(
        type_=schema.type_,
        definition=schema.definition,
        compiled_proto_schema=await compiled(schema.definition),
    )


def _view(revision: Revision, view: pb.SchemaView) -> pb.Schema:
    shown = pb.Schema()
    shown.CopyFrom(revision.proto)
    shown.ClearField("compiled_proto_schema")
    if view != pb.SchemaView.FULL:
        shown.ClearField("definition")
    return shown
