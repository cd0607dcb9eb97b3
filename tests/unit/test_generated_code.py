"""The generated code is up to date with its sources, and these are compatible with earlier releases."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from infra import codegen
from infra.local import topology

ROOT = Path(__file__).resolve().parents[2]
BUF = Path(sys.executable).with_name("buf")
FOLDERS = ["shared/pb", "infra/schemas", "google_apis"]


def _generated(root: Path) -> dict[str, str]:
    return {
        str(file.relative_to(root)): file.read_text()
        for folder in FOLDERS
        for pattern in ("*_pb2.py", "*_pb2.pyi", "*.proto")
        for file in (root / folder).rglob(pattern)
    }


def test_committed_code_equals_freshly_generated_code(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "infra.codegen", "--into", str(tmp_path)], cwd=ROOT, check=True)

    committed, made = _generated(ROOT), _generated(tmp_path)
    stale = {name for name, _ in committed.items() ^ made.items()}
    assert stale == set(), "run `make proto`"


def test_a_mistake_in_the_sources_leaves_the_generated_code_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sources, into = tmp_path / "proto", tmp_path / "pb"
    shutil.copytree(ROOT / "proto", sources)
    monkeypatch.setattr(codegen, "PROTO", sources)
    codegen.generate_model(into)
    before = {file: file.read_text() for file in into.rglob("*.py*")}
    pool = sources / "inventory/v1/pool.proto"
    pool.write_text(pool.read_text().replace("version = 3;", "version = 2;"))

    with pytest.raises(SystemExit, match="protoc failed"):
        codegen.generate_model(into)

    assert before == {file: file.read_text() for file in into.rglob("*.py*")} != {}


@pytest.mark.parametrize(
    ("section", "complaint"),
    [
        (
            "topics: {moved: {message: inventory.v1.Moved}}",
            r"topics\.moved names the message .*\.Moved, which",
        ),
        ("topic: {}", r".*topology\.yaml: topic: "),
    ],
)
def test_a_mistake_in_the_topology_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, section: str, complaint: str
) -> None:
    declared = tmp_path / "topology.yaml"
    declared.write_text(f"firestore: {{}}\n{section}")
    monkeypatch.setattr(topology, "DEFAULT_FILE", declared)
    monkeypatch.setattr(sys, "argv", ["codegen", "--into", str(tmp_path)])

    with pytest.raises(SystemExit, match=f"^muster: {complaint}"):
        codegen.main()


@pytest.mark.parametrize(
    ("edited", "breaks"), [("version = 33;", True), ("version = 3; string new = 33;", False)]
)
def test_what_breaks_the_last_release_is_found(tmp_path: Path, edited: str, *, breaks: bool) -> None:
    shutil.copytree(ROOT / "proto", tmp_path / "proto")
    shutil.copy(ROOT / "buf.yaml", tmp_path)
    pool = tmp_path / "proto/inventory/v1/pool.proto"
    pool.write_text(pool.read_text().replace("version = 3;", edited))

    found = subprocess.run(
        [BUF, "breaking", "--against", "proto/released.binpb"], cwd=tmp_path, capture_output=True, check=False
    )

    assert breaks == (found.returncode != 0)
    assert breaks == (b'field "3" with name "version"' in found.stdout)


def test_the_proto_folder_does_not_shadow_the_proto_package() -> None:
    assert not (ROOT / "proto" / "__init__.py").exists()
