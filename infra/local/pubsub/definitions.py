"""Protocol buffer definitions at run time: what they say, and whether a message is one of theirs."""

import asyncio
import importlib.util
import sys
import tempfile
from pathlib import Path

from google.protobuf import json_format
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from google_apis.pubsub import schema_pb2 as pb
from infra.local.pubsub.errors import InvalidArgument
from infra.local.refusals import Unimplemented

_FILE = "schema.proto"
_MAX_DEFINITION_BYTES = 300 * 1024


async def compiled(definition: str) -> pb.CompiledProtoSchema:
    """Compile a self-contained .proto file with one message at its top.

    Source: https://cloud.google.com/pubsub/docs/schemas#schema_definition

    Raises:
        InvalidArgument: it does not compile (with protoc's own words), imports, or has not one top message.
        Unimplemented: there is no protoc, which comes with the package grpcio-tools.
    """
    if not definition or len(definition.encode()) > _MAX_DEFINITION_BYTES:
        raise InvalidArgument(f"A schema definition has from 1 to {_MAX_DEFINITION_BYTES} bytes.")
    if importlib.util.find_spec("grpc_tools") is None:
        raise Unimplemented("A protocol buffer schema without the package grpcio-tools")
    file = await _protoc(definition)
    if file.dependency:
        raise InvalidArgument(f"Invalid schema: it may not import (import={file.dependency[0]}).")
    if len(file.message_type) != 1:
        raise InvalidArgument("Invalid schema: it must have exactly one top-level message type.")
    root = f"{file.package}.{file.message_type[0].name}".lstrip(".")
    return pb.CompiledProtoSchema(root_message=root, compiled_bytes=file.SerializeToString())


class MessageType:
    """A compiled definition's message."""

    def __init__(self, schema: pb.CompiledProtoSchema) -> None:
        pool = DescriptorPool()
        pool.AddSerializedFile(schema.compiled_bytes)
        self._class = GetMessageClass(pool.FindMessageTypeByName(schema.root_message))

    def check(self, data: bytes, encoding: pb.Encoding) -> None:
        """Refuse data that is not such a message in that encoding.

        Raises:
            ValueError: says what is wrong with it.
        """
        try:
            if encoding == pb.Encoding.JSON:
                if not data.lstrip().startswith(b"{"):  # the parser takes an empty array
                    raise ValueError("not a JSON object")
                json_format.Parse(data, self._class())
            elif not self._class.FromString(data).IsInitialized():
                raise ValueError("a required field is missing")
        except (json_format.ParseError, DecodeError) as error:
            raise ValueError(str(error)) from error


async def _protoc(definition: str) -> FileDescriptorProto:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / _FILE).write_text(definition)
        arguments = (f"-I{folder}", f"--descriptor_set_out={folder / 'out'}", str(folder / _FILE))
        # In a process of its own: its complaints go to standard error, and it takes a while.
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "grpc_tools.protoc", *arguments, stderr=asyncio.subprocess.PIPE
        )
        _, complaints = await process.communicate()
        if process.returncode != 0:
            raise InvalidArgument(f"Invalid schema: {complaints.decode().strip()}")
        return FileDescriptorSet.FromString((folder / "out").read_bytes()).file[0]
