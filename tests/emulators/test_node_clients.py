"""Google's clients for Node.js pass a smoke test with both emulators, if node and npm are installed.

They are installed once into `.local/`, as locked in `node/package-lock.json`.
"""

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from infra import ROOT
from tests.emulators.firestore.emulator import running as running_firestore
from tests.emulators.pubsub.emulator import running as running_pubsub

SCRIPTS = Path(__file__).parent / "node"
PACKAGE = ("package.json", "package-lock.json", ".npmrc")
OLDEST = 18  # the minimum version for the clients


def node_version() -> int:
    """The major version of node; 0 if node or npm is missing."""
    if not (shutil.which("node") and shutil.which("npm")):
        return 0
    shown = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout  # noqa: S607 - from PATH, as for users
    return int(re.findall(r"\d+", shown)[0])


pytestmark = [
    pytest.mark.skipif(node_version() < OLDEST, reason=f"node {OLDEST} or newer, or npm, is not installed"),
    pytest.mark.timeout(300),  # the first run downloads 137 packages
]


@pytest.fixture(scope="module")
def modules() -> Path:
    """The folder of the installed packages; concurrent test processes wait for each other."""
    lock_file = (SCRIPTS / "package-lock.json").read_bytes()
    folder = ROOT / ".local" / f"node-{hashlib.sha256(lock_file).hexdigest()[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            for name in PACKAGE:
                shutil.copy(SCRIPTS / name, folder)
            installed = subprocess.run(
                ["npm", "ci", "--ignore-scripts"],  # noqa: S607 - from PATH, as for users
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
            )
            assert installed.returncode == 0, installed.stderr
            (folder / "ready").touch()
    return folder / "node_modules"


def test_googles_firestore_client_for_node(modules: Path) -> None:
    with running_firestore() as emulator:
        check("firestore.test.cjs", modules, {"FIRESTORE_EMULATOR_HOST": emulator.host})


def test_googles_pubsub_client_for_node(modules: Path) -> None:
    with running_pubsub() as emulator:
        check("pubsub.test.cjs", modules, {"PUBSUB_EMULATOR_HOST": emulator.host})


def check(script: str, modules: Path, emulators: Mapping[str, str]) -> None:
    # Do not search for a metadata server: these tests do not run on Google Cloud.
    settings = {"NODE_PATH": str(modules), "PROJECT": "smoke", "METADATA_SERVER_DETECTION": "none"}
    ended = subprocess.run(
        ["node", "--test", str(SCRIPTS / script)],  # noqa: S607 - from PATH, as for users
        env={**os.environ, **settings, **emulators},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
