"""Generate the protocol buffer code: `python -m infra.codegen [--into DIR]`, or `make proto`.

- `shared/pb` from `proto/`;
- `infra/schemas`, the topics' schemas, from `proto/`;
- `google_apis` from the descriptors inside Google's client packages, so that functions and emulators need
  only grpcio and protobuf.
"""

import importlib.resources
import re
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from google.cloud.firestore_v1 import types as firestore_types
from google.protobuf.descriptor import FileDescriptor
from google.protobuf.descriptor_pb2 import FileDescriptorProto, FileDescriptorSet
from google.protobuf.descriptor_pool import DescriptorPool
from google.pubsub_v1 import types as pubsub_types
from grpc_tools import protoc

from infra import ROOT, os_errors, topic_schema
from infra.arguments import Parser, folder
from infra.local import topology

PROTO = ROOT / "proto"
GOOGLE_APIS = {
    # `pb` returns the plain message that proto-plus wraps. Its descriptor leads to all its dependencies.
    Path("google_apis/firestore"): firestore_types.CommitRequest.pb(firestore_types.CommitRequest()),
    Path("google_apis/pubsub"): pubsub_types.PublishRequest.pb(pubsub_types.PublishRequest()),
}


@os_errors.in_one_line()
def main() -> None:
    """Generate all code below a folder, by default the project's."""
    parser = Parser(prog="python -m infra.codegen", description="Generate protocol buffer code.")
    parser.add_argument(
        "--into", type=folder, default=ROOT, help="the folder to write below (default: the project)"
    )
    into = parser.parse_args().into
    generate_model(into / "shared" / "pb")
    try:
        generate_topic_schemas(into / "infra" / "schemas")
    except topology.TopologyError as error:
        sys.exit(f"muster: {error}")
    for place, message in GOOGLE_APIS.items():
        generate_google_api(message.DESCRIPTOR.file, into / place)


def generate_model(into: Path) -> None:
    """Generate the project's own messages, importable as `shared.pb.inventory.v1`."""
    _protoc(into, *_model())
    _rewrite(into, r"^(from|import) inventory\b", r"\1 shared.pb.inventory")


def generate_topic_schemas(into: Path) -> None:
    """Generate a self-contained definition of each message that the topology's topics have.

    Raises:
        TopologyError: the topology is invalid, or names a message that does not exist.
    """
    with tempfile.NamedTemporaryFile() as file:
        _run(f"--descriptor_set_out={file.name}", "--include_imports", *_model())
        descriptors = FileDescriptorSet.FromString(Path(file.name).read_bytes())
    pool = DescriptorPool()
    for proto in descriptors.file:
        pool.Add(proto)
    definitions = {}
    for topic in topology.load(topology.DEFAULT_FILE).topics.values():
        if topic.message:
            try:
                message = pool.FindMessageTypeByName(topic.message)
            except KeyError:
                raise topology.TopologyError(
                    f"topics.{topic.name} names the message {topic.message}, which is not in proto/"
                ) from None
            definitions[f"{topic.message}.proto"] = topic_schema.definition(message)
    into.mkdir(parents=True, exist_ok=True)
    for old in into.glob("*.proto"):
        old.unlink()
    for name, definition in definitions.items():
        (into / name).write_text(definition)


def generate_google_api(root: FileDescriptor, into: Path) -> None:
    """Generate the messages of a Google API from the descriptors in a client package."""
    own = {
        file.name: PurePosixPath(file.name).name for file in _closure(root) if file.package == root.package
    }
    descriptors = FileDescriptorSet()
    for file in _closure(root):
        proto = descriptors.file.add()
        file.CopyToProto(proto)
        _rename(proto, own)
    with tempfile.NamedTemporaryFile() as descriptor_set:
        descriptor_set.write(descriptors.SerializeToString())
        descriptor_set.flush()
        _protoc(into, f"--descriptor_set_in={descriptor_set.name}", *sorted(own.values()))
    _rewrite(into, r"^import (\w+_pb2)", r"from . import \1")
    _rewrite(
        into,
        r"^from google\.protobuf import descriptor_pool as .*\n",
        "from google_apis.descriptors import POOL\n",
    )
    _rewrite(into, r"_descriptor_pool\.Default\(\)", "POOL")


def _closure(file: FileDescriptor) -> list[FileDescriptor]:
    """Return a file and all its dependencies, each once, dependencies first."""

    def visit(file: FileDescriptor) -> Iterator[FileDescriptor]:
        for dependency in file.dependencies:
            yield from visit(dependency)
        yield file

    return list({found.name: found for found in visit(file)}.values())


def _rename(proto: FileDescriptorProto, names: dict[str, str]) -> None:
    proto.name = names.get(proto.name, proto.name)
    # proto-plus lists them in the order of a set, which differs between processes.
    dependencies = sorted(names.get(name, name) for name in proto.dependency)
    del proto.dependency[:]
    proto.dependency.extend(dependencies)


def _model() -> list[str]:
    """Return protoc's arguments for the project's own .proto files."""
    files = sorted(PROTO.rglob("*.proto"))
    includes = importlib.resources.files("grpc_tools") / "_proto"
    return [f"-I{PROTO}", f"-I{includes}", *(str(file.relative_to(PROTO)) for file in files)]


def _protoc(into: Path, *arguments: str) -> None:
    with tempfile.TemporaryDirectory() as made:
        _run(f"--python_out={made}", f"--pyi_out={made}", *arguments)
        for old in [*into.rglob("*_pb2.py"), *into.rglob("*_pb2.pyi")]:
            old.unlink()
        for new in Path(made).rglob("*_pb2.py*"):
            file = into / new.relative_to(made)
            file.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(new, file)


def _run(*arguments: str) -> None:
    if protoc.main(["protoc", *arguments]) != 0:
        raise SystemExit("muster: protoc failed, see above")


def _rewrite(folder: Path, pattern: str, replacement: str) -> None:
    for file in [*folder.rglob("*_pb2.py"), *folder.rglob("*_pb2.pyi")]:
        file.write_text(re.sub(pattern, replacement, file.read_text(), flags=re.MULTILINE))


if __name__ == "__main__":
    main()
