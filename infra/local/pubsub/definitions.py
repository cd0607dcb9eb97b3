"""Protocol buffer definitions at run time: their compilation, and the check of messages against them."""

import asyncio
import importlib.util
import subprocess
import sys

from google.protobuf import json_format
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from google_apis.pubsub import schema_pb2 as pb
from infra.local.status_errors import InvalidArgument, Unimplemented

_FILE = "schema.proto"
_INPUT = "/dev/stdin"  # the file's name in the messages of protoc
_MAX_DEFINITION_BYTES = 300 * 1024


async def compiled(definition: str) -> pb.CompiledProtoSchema:
    """Compile a self-contained .proto file with one top-level message.

    Source: https://cloud.google.com/pubsub/docs/schemas#schema_definition

    Raises:
        InvalidArgument: it is empty or too large, it does not compile (with protoc's messages), it has
            imports, or it does not have exactly one top-level message.
        Unimplemented: protoc is missing; the package grpcio-tools includes it.
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
    """The message type of a compiled definition."""

    def __init__(self, schema: pb.CompiledProtoSchema) -> None:
        pool = DescriptorPool()
        pool.AddSerializedFile(schema.compiled_bytes)
        self._class = GetMessageClass(pool.FindMessageTypeByName(schema.root_message))

    def check(self, data: bytes, encoding: pb.Encoding) -> None:
        """Check that data is a message of this type in an encoding.

        Raises:
            ValueError: it is not; the message describes the reason.
        """
        try:
            if encoding == pb.Encoding.JSON:
                if not data.lstrip().startswith(b"{"):  # the parser accepts an empty array
                    raise ValueError("not a JSON object")
                json_format.Parse(data, self._class())
            elif not self._class.FromString(data).IsInitialized():
                raise ValueError("a required field is missing")
        except (json_format.ParseError, DecodeError) as error:
            raise ValueError(str(error)) from error


async def _protoc(definition: str) -> FileDescriptorProto:
    # In a separate process, because protoc takes a while and writes its errors to standard error; only with
    # pipes, so that a kill leaves no file behind.
    arguments = (f"-I{_FILE}={_INPUT}", "--descriptor_set_out=/dev/stdout", _FILE)
    command = [sys.executable, "-m", "grpc_tools.protoc", *arguments]
    # asyncio's pipes for standard input are sockets, which cannot be opened by name.
    done = await asyncio.to_thread(
        subprocess.run, command, input=definition.encode(), capture_output=True, check=False
    )
    if done.returncode != 0 and (complaints := _complaints(done.stderr.decode())):
        raise InvalidArgument(f"Invalid schema: {complaints}")
    done.check_returncode()  # for example, it was killed, which is not an error in the definition
    return FileDescriptorSet.FromString(done.stdout).file[0]


def _complaints(output: str) -> str:
    """Return protoc's messages about the definition, without its other output."""
    lines = [line for line in output.split("\n") if line.startswith(_INPUT)]
    return "\n".join(_FILE + line.removeprefix(_INPUT) for line in lines)
