"""Build the archive from which every function is deployed: `python -m infra.package [--into FILE]`.

All functions have the same archive. They differ in the file that Google's buildpack loads, which
`GOOGLE_FUNCTION_SOURCE` names, and in the entry point. The same sources result in the same bytes, so a
deployment without changes deploys nothing.
"""

import hashlib
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from infra import ROOT, os_errors
from infra.arguments import Parser

# The pinned requirements with which all functions are tested, at the path where the buildpack expects them.
REQUIREMENTS = ROOT / "requirements.txt"
FOLDERS = (ROOT / "functions", ROOT / "google_apis", ROOT / "shared")
DEFAULT_FILE = ROOT / ".local" / "muster.zip"

# The first time that zip can represent, and a regular file that everybody can read. Nothing depends on the
# machine that builds the archive.
TIME = (1980, 1, 1, 0, 0, 0)
MODE = 0o100644


def build(file: Path) -> str:
    """Write the archive and return its SHA-256 digest in hexadecimal."""
    file.parent.mkdir(parents=True, exist_ok=True)
    # Stored, not deflated, because the output of deflate differs between versions of zlib.
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for source in sorted(sources()):
            entry = zipfile.ZipInfo(str(source.relative_to(ROOT)), TIME)
            entry.create_system = 3  # Unix, wherever it is built
            entry.external_attr = MODE << 16
            archive.writestr(entry, source.read_bytes())
    return hashlib.sha256(file.read_bytes()).hexdigest()


def sources() -> Iterator[Path]:
    """Yield the files that a deployed function needs: the code, the files to serve, and the requirements."""
    yield REQUIREMENTS
    for folder in FOLDERS:
        for file in folder.rglob("*"):
            parts = file.relative_to(folder).parts
            is_made = any(part.startswith((".", "__pycache__")) for part in parts) or file.suffix == ".pyi"
            if file.is_file() and not is_made:
                yield file


@os_errors.in_one_line()
def main() -> None:
    """Build the archive and print its path, size and digest."""
    parser = Parser(prog="python -m infra.package", description="Build the deployment archive.")
    parser.add_argument(
        "--into", type=Path, default=DEFAULT_FILE, metavar="FILE", help="default: .local/muster.zip"
    )
    file: Path = parser.parse_args().into
    try:
        digest = build(file)
    except OSError as error:
        sys.exit(f"muster: {error.filename or file}: {error.strerror}")
    print(f"{file}: {file.stat().st_size // 1024} KiB, SHA-256 {digest}")


if __name__ == "__main__":
    main()
