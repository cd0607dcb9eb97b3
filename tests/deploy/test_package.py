"""The deployment archive, unpacked and served as Google's Python buildpack does."""

import hashlib
import shutil
import socket
import subprocess
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from infra import ROOT, package
from infra.local import topology
from tests.plain_http import NO_AUTHORITIES
from tests.stack import NewOrganization, RunningStack

TOPOLOGY = topology.load(topology.DEFAULT_FILE)
FUNCTIONS = TOPOLOGY.functions
TIMEOUT = 90
INHERIT = """
import os, sys
os.dup2(int(sys.argv[1]), 3)
os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
os.execvp("functions-framework", ["functions-framework"])
"""


@dataclass(frozen=True)
class Workspace:
    """The unpacked archive, and a virtual environment with only its requirements."""

    folder: Path
    environment: Path

    @property
    def python(self) -> Path:
        """The environment's Python."""
        return self.environment / "bin" / "python"


def uv(*arguments: str) -> None:
    """Run uv, which creates environments faster than pip."""
    subprocess.run([Path(sys.executable).parent / "uv", *arguments], check=True, timeout=TIMEOUT)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """The archive as the buildpack builds it."""
    package.build(tmp_path / "muster.zip")
    made = Workspace(tmp_path / "workspace", tmp_path / "environment")
    with zipfile.ZipFile(tmp_path / "muster.zip") as archive:
        archive.extractall(made.folder)
    uv("venv", "--quiet", "--python", sys.executable, str(made.environment))
    requirements = str(made.folder / "requirements.txt")
    uv("pip", "install", "--quiet", "--require-hashes", "--python", str(made.python), "-r", requirements)
    return made


@contextmanager
def served(workspace: Workspace, environment: Mapping[str, str]) -> Iterator[httpx.Client]:
    """Run the buildpack's command, and yield a client of the server.

    The port is bound here, so that no other process can use it, and inherited by systemd's protocol, which
    gunicorn supports. The client's connection waits until the function accepts it.
    """
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        process = subprocess.Popen(
            [workspace.python, "-c", INHERIT, str(listener.fileno())],
            cwd=workspace.folder,
            env={"PATH": str(workspace.environment / "bin"), "PORT": str(port), **environment},
            pass_fds=[listener.fileno()],
        )
    try:
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", timeout=TIMEOUT, verify=NO_AUTHORITIES
        ) as client:
            yield client
    finally:
        process.terminate()
        process.wait(TIMEOUT)


def environment(function: topology.Function, workspace: Workspace, stack: RunningStack) -> dict[str, str]:
    """Return the variables that Terraform and the buildpack set (infra/terraform/functions.tf)."""
    return {
        **function.environment,
        **stack.environment(),
        "FUNCTION_SOURCE": f"{function.folder}/main.py",
        "FUNCTION_TARGET": function.entry_point,
        "PYTHONPATH": str(workspace.folder),
    }


def test_the_archive_has_the_functions_and_what_they_need_and_nothing_else(tmp_path: Path) -> None:
    package.build(tmp_path / "muster.zip")

    with zipfile.ZipFile(tmp_path / "muster.zip") as archive:
        names = archive.namelist()

    assert sorted(names, key=Path) == names  # sorted, independently of the file system
    assert {"functions", "google_apis", "shared", "requirements.txt"} == {
        name.split("/")[0] for name in names
    }
    assert {f"{function.folder}/main.py" for function in FUNCTIONS.values()} <= set(names)
    assert {".py", ".json", ".html", ".txt"} == {Path(name).suffix for name in names}


def test_the_same_sources_make_the_same_bytes(tmp_path: Path) -> None:
    """The folder, the files' times and the umask make no difference."""
    copy = tmp_path / "copy"
    for name in ("functions", "google_apis", "shared", "infra"):
        shutil.copytree(ROOT / name, copy / name, copy_function=shutil.copy)
    shutil.copy(package.REQUIREMENTS, copy)
    (copy / "functions" / "__init__.py").chmod(0o600)

    subprocess.run(
        [sys.executable, "-m", "infra.package", "--into", tmp_path / "theirs.zip"],
        cwd=copy,
        env={"TZ": "Asia/Tokyo"},
        check=True,
        timeout=TIMEOUT,
    )

    digest = package.build(tmp_path / "ours.zip")
    assert digest == hashlib.sha256((tmp_path / "theirs.zip").read_bytes()).hexdigest()


@pytest.mark.timeout(300)
@pytest.mark.long
def test_every_function_is_built_and_serves_from_the_archive(
    workspace: Workspace, stack: RunningStack, new_organization: NewOrganization
) -> None:
    """One test for all functions, because each test process would create its own expensive environment."""
    # The buildpack compiles every file, and checks that the installed packages are compatible.
    compileall = [str(workspace.python), "-m", "compileall", "-f", "-q", "."]
    subprocess.run(compileall, cwd=workspace.folder, check=True, timeout=TIMEOUT)
    uv("pip", "check", "--quiet", "--python", str(workspace.python))

    for function in FUNCTIONS.values():
        with served(workspace, environment(function, workspace, stack)) as client:
            health = client.get("/health/startup").status_code  # the check reads from the database
            assert (function.name, 200) == (function.name, health)
            assert (function.name, True) == (function.name, works(function, client, new_organization))


def works(function: topology.Function, client: httpx.Client, new_organization: NewOrganization) -> bool:
    """Call a function as its callers do, and return whether the response is as expected."""
    match function.trigger:
        case "http":
            route = next(route for route in TOPOLOGY.routes if route.function == function.name)
            return client.get(route.path, headers=new_organization().headers).status_code == 200
        case "schedule":
            return client.post("/").status_code == 204
        case "pubsub":
            return client.post("/", json={"message": {}}).status_code == 400  # an invalid event is rejected


def test_a_full_disk_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["infra.package", "--into", "/dev/full"])
    with pytest.raises(SystemExit, match=r"^muster: /dev/full: No space left on device$"):
        package.main()


@pytest.mark.parametrize(
    ("into", "reason"), [(".", "Is a directory"), ("file/of/muster.zip", "Not a directory")]
)
def test_a_file_that_cannot_be_is_one_line(
    into: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr("sys.argv", ["infra.package", "--into", str(tmp_path / into)])
    with pytest.raises(SystemExit, match=f"^muster: {tmp_path}[^ ]*: {reason}$"):
        package.main()
