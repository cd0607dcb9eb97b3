"""Protocol buffer definitions at run time: what they say, and whether a message is one of theirs."""

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
from infra.local.refusals import InvalidArgument, Unimplemented

_FILE = "schema.proto"
_INPUT = "/dev/stdin"  # what protoc calls the file
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
    # In a process of its own: its complaints go to standard error, and it takes a while. Through pipes alone:
    # no kill leaves a file behind.
    arguments = (f"-I{_FILE}={_INPUT}", "--descriptor_set_out=/dev/stdout", _FILE)
    command = [sys.executable, "-m", "grpc_tools.protoc", *arguments]
    # asyncio's own pipes are sockets, which cannot be opened by name.
    done = await asyncio.to_thread(
        subprocess.run, command, input=definition.encode(), capture_output=True, check=False
    )
    if done.returncode != 0 and (complaints := _complaints(done.stderr.decode())):
        raise InvalidArgument(f"Invalid schema: {complaints}")
    done.check_returncode()  # it was killed, perhaps: that is no fault of the definition
    return FileDescriptorSet.FromString(done.stdout).file[0]


def _complaints(output: str) -> str:
    """Return what protoc says of the definition, without what it logs beside that."""
    lines = [line for line in output.split("\n") if line.startswith(_INPUT)]
    return "\n".join(_FILE + line.removeprefix(_INPUT) for line in lines)
