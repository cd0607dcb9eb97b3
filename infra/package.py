"""Build the archive that every function is deployed from: `python -m infra.package [--into FILE]`.

One archive for all functions: what differs is the file that Google's buildpack loads, which its
`GOOGLE_FUNCTION_SOURCE` names, and the function in it. The same sources make the same bytes, so a deployment
that changes nothing deploys nothing.
"""

import hashlib
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

from infra import ROOT
from infra.arguments import Parser

# One set of pinned requirements, where the buildpack looks for it: all functions are tested with it.
REQUIREMENTS = ROOT / "requirements.txt"
FOLDERS = (ROOT / "functions", ROOT / "google_apis", ROOT / "shared")
DEFAULT_FILE = ROOT / ".local" / "muster.zip"

# Zip's beginning of time, and a plain file that all may read: nothing of the machine that builds it.
TIME = (1980, 1, 1, 0, 0, 0)
MODE = 0o100644


def build(file: Path) -> str:
    """Write the archive and return its SHA-256, in hex."""
    file.parent.mkdir(parents=True, exist_ok=True)
    # Stored, not deflated: what deflate makes of a file differs between versions of zlib.
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for source in sorted(sources()):
            entry = zipfile.ZipInfo(str(source.relative_to(ROOT)), TIME)
            entry.create_system = 3  # Unix, wherever it is built
            entry.external_attr = MODE << 16
            archive.writestr(entry, source.read_bytes())
    return hashlib.sha256(file.read_bytes()).hexdigest()


def sources() -> Iterator[Path]:
    """List what a deployed function needs: the code, what it serves, and what it requires."""
    yield REQUIREMENTS
    for folder in FOLDERS:
        for file in folder.rglob("*"):
            parts = file.relative_to(folder).parts
            is_made = any(part.startswith((".", "__pycache__")) for part in parts) or file.suffix == ".pyi"
            if file.is_file() and not is_made:
                yield file


def main() -> None:
    """Build the archive and say what it is."""
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
