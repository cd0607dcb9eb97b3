"""The generated code is what the sources generate."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
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

    assert _generated(ROOT) == _generated(tmp_path)


def test_the_proto_folder_does_not_shadow_the_proto_package() -> None:
    assert not (ROOT / "proto" / "__init__.py").exists()
