"""The Makefile's own actions, in an otherwise empty folder."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from infra import ROOT
from tests.command import run
from tests.stack import TIMEOUT

OLD = f"""#!/bin/sh
if [ "$1" = --version ]; then echo Python 3.10.1; exit; fi
exec {sys.executable} -c 'import sys; sys.version_info = (3, 10, 1); exec(sys.argv[1])' "$2"
"""


def make(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    shutil.copy(ROOT / "Makefile", folder)
    return subprocess.run(
        ["make", f"PYTHON={sys.executable}", *arguments],  # noqa: S607 - any make
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )


def set_up(folder: Path) -> None:
    """Create an empty environment that make accepts."""
    (folder / ".venv" / "bin").mkdir(parents=True)
    for file in ("requirements.txt", "requirements-dev.txt", ".venv/.ready"):
        (folder / file).touch()


@pytest.mark.parametrize("state", [".local", ".local-2"])
def test_clean_removes_what_was_made_but_not_from_under_a_running_stack(tmp_path: Path, state: str) -> None:
    for made in (".venv", ".local", ".local-2"):
        (tmp_path / made).mkdir()
    stack = tmp_path / state / "stack.json"
    stack.write_text(json.dumps({"pids": {"stack": os.getpid()}}))

    rejected = make(tmp_path, "clean")

    assert rejected.returncode != 0
    assert rejected.stderr.startswith(f"muster: a stack runs with its state in {state}: stop it first\n")
    assert {"Makefile", ".venv", ".local", ".local-2"} == {file.name for file in tmp_path.iterdir()}

    with subprocess.Popen(["true"]) as killed:  # noqa: S607 - any true
        pass
    stack.write_text(json.dumps({"pids": {"stack": killed.pid}}))
    cleaned = make(tmp_path, "clean")
    assert (cleaned.returncode, cleaned.stderr) == (0, "")
    assert [file.name for file in tmp_path.iterdir()] == ["Makefile"]


def test_clean_asks_for_the_stack_that_the_environment_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "else where"
    (project / ".local").mkdir(parents=True)
    elsewhere.mkdir()
    (elsewhere / "stack.json").write_text(json.dumps({"pids": {"stack": os.getpid()}}))
    monkeypatch.setenv("MUSTER_STATE", str(elsewhere))

    rejected = make(project, "clean")

    assert rejected.returncode != 0
    assert rejected.stderr.startswith(f"muster: a stack runs with its state in {elsewhere}: stop it first\n")
    assert (project / ".local").exists()


@pytest.mark.parametrize(("script", "complaint"), [("", "no "), (OLD, "Python 3.10.1 is too old")])
def test_a_python_that_cannot_be_used_is_named(tmp_path: Path, script: str, complaint: str) -> None:
    for file in ("requirements.txt", "requirements-dev.txt"):
        (tmp_path / file).touch()
    python = tmp_path / "python"
    if script:
        python.write_text(script)
        python.chmod(0o700)

    ended = make(tmp_path, f"PYTHON={python}", "test")

    assert ended.returncode != 0
    assert ended.stderr.startswith(f"muster: {complaint}")


def python_that_sets_up(folder: Path, *, venv: str = "true", pip: str = "true") -> Path:
    """Create a python whose venv and pip are scripts, beside lock files."""
    for file in ("requirements.txt", "requirements-dev.txt"):
        (folder / file).touch()
    python = folder / "python"
    python.write_text(
        f"""#!/bin/sh
        case "$2" in
            *venv*) mkdir -p .venv/bin; cp "$0" .venv/bin/python; {venv};;
            pip) {pip};;
        esac"""
    )
    python.chmod(0o700)
    return python


def test_packages_that_cannot_be_installed_are_a_failure_with_advice(tmp_path: Path) -> None:
    pip = 'echo "ERROR: No matching distribution found" >&2; exit 1'

    ended = make(tmp_path, f"PYTHON={python_that_sets_up(tmp_path, pip=pip)}", "ALONE=1", "test")

    assert ended.returncode != 0
    assert ended.stderr.startswith(
        "ERROR: No matching distribution found\nmuster: packages cannot be installed: see above,"
    )


@pytest.mark.parametrize("step", ["venv", "pip"])
def test_ctrl_c_during_the_setup_is_no_failure_with_advice(tmp_path: Path, step: str) -> None:
    """pip and venv catch the signal, and end with the status of a failure."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    waits = "trap 'exit 1' INT; touch waits; while true; do sleep 0.01; done"
    python = python_that_sets_up(tmp_path, **{step: waits})
    with subprocess.Popen(
        ["make", f"PYTHON={python}", "ALONE=1", "test"],  # noqa: S607 - any make
        cwd=tmp_path,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as setup:
        while not (tmp_path / "waits").exists():
            time.sleep(0.01)
        os.killpg(setup.pid, signal.SIGINT)  # as a terminal does
        _, stderr = setup.communicate(timeout=TIMEOUT)

    assert setup.returncode != 0
    assert "muster: " not in stderr


def test_ctrl_c_during_the_setup_is_no_traceback(tmp_path: Path) -> None:
    set_up(tmp_path)
    (tmp_path / ".venv" / ".ready").unlink()
    (tmp_path / "infra").symlink_to(ROOT / "infra")
    (tmp_path / "venv").mkdir()
    (tmp_path / "venv" / "__init__.py").touch()  # or Python would prefer its own
    (tmp_path / "venv" / "__main__.py").write_text("raise KeyboardInterrupt")

    ended = make(tmp_path, "ALONE=1", "test")

    assert ended.returncode != 0
    assert ended.stderr.startswith("muster: ")


@pytest.mark.parametrize("lock", ["requirements.txt", "requirements-dev.txt"])
def test_the_environment_is_made_again_after_a_change_of_its_lock_files(tmp_path: Path, lock: str) -> None:
    set_up_python(tmp_path, "true")
    assert "infra.alone" not in make(tmp_path, "-n", "test").stdout
    ready = (tmp_path / ".venv" / ".ready").stat()
    os.utime(tmp_path / lock, ns=(ready.st_atime_ns, ready.st_mtime_ns + 10**9))

    assert "infra.alone" in make(tmp_path, "-n", "test").stdout


@pytest.mark.parametrize(("part", "module"), [("", "tests.bench"), ("growth", "tests.bench.growth")])
def test_bench_runs_its_part_with_the_projects_modules(tmp_path: Path, part: str, module: str) -> None:
    set_up_python(tmp_path, 'echo "$@ in $PYTHONPATH"')

    assert f"-m {module} in {tmp_path}" in make(tmp_path, "bench", f"PART={part}").stdout.splitlines()


def test_bench_names_the_parts_that_there_are(tmp_path: Path) -> None:
    set_up(tmp_path)

    ended = make(tmp_path, "bench", "PART=bogus")

    expected = "muster: make bench has no part bogus: PART= takes growth memory cold_start hot_spots\n"
    assert ended.returncode != 0
    assert ended.stderr.startswith(expected)
    for part in expected.split()[-4:]:
        assert list((ROOT / "tests" / "bench").glob(f"{part}*"))
    quoted = make(tmp_path, "bench", "PART='\"").stderr
    assert quoted.startswith(expected.replace("bogus", "'\""))


def test_who_sets_up_does_so_alone_and_the_next_one_waits(tmp_path: Path) -> None:
    busy, both_wait = tmp_path / "busy", tmp_path / "both-wait"
    waits = f"timeout {TIMEOUT} sh -c 'until [ -e {both_wait} ]; do sleep 0.01; done'"
    command = f"mkdir {busy} && {waits} && rmdir {busy}"
    alone = [sys.executable, "-m", "infra.alone", str(tmp_path / "lock"), "sh", "-c", command]
    reading, writing = os.pipe()
    with open(reading) as messages, open(writing, "w") as output:  # noqa: PTH123 - file descriptors
        runs = [subprocess.Popen(alone, cwd=ROOT, stdout=output) for _ in range(3)]
        waiting = [messages.readline() for _ in range(2)]
        both_wait.touch()
        assert [each.wait(TIMEOUT) for each in runs] == [0, 0, 0]
        output.close()
        assert (waiting, messages.read()) == (
            ["Another make is setting up, this one waits for it...\n"] * 2,
            "",
        )

    assert run("infra.alone", str(tmp_path / "lock"), "false").returncode == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((), "give a lock file and a command"),
        (("lock",), "give a lock file and a command"),
        (("/dev/null/lock", "true"), "/dev/null/lock: Not a directory"),
        (("/dev/null", "no-such-command"), "no-such-command: No such file or directory"),
    ],
)
def test_who_cannot_set_up_alone_says_so_in_one_line(arguments: tuple[str, ...], reason: str) -> None:
    ended = run("infra.alone", *arguments)

    assert ended.returncode == 1
    (line,) = ended.stderr.splitlines()
    assert line.startswith(f"muster: {reason}")


def set_up_python(folder: Path, script: str) -> None:
    """Create a python for make from a script."""
    set_up(folder)
    python = folder / ".venv" / "bin" / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o700)


def test_replay_takes_any_moment_for_one(tmp_path: Path) -> None:
    """A time that begins with a dash is not a flag, so the command can report that it is invalid."""
    set_up_python(tmp_path, 'echo "$@"')

    ended = make(tmp_path, "replay", "SUBSCRIPTION=pool-cleanup", "SINCE=-5m")

    assert "-m infra.replay pool-cleanup --since=-5m" in ended.stdout.splitlines()


@pytest.mark.parametrize(
    ("target", "variable", "flag"),
    [
        ("run", "PORT", "--port="),
        ("run", "DATA", "--data="),
        ("replay", "SUBSCRIPTION", ""),
        ("replay", "SINCE", "--since="),
        ("replay", "PROJECT", "--project="),
        *(
            (target, name, flag)
            for target in ("deploy", "destroy")
            for name, flag in (
                ("PROJECT", "--project="),
                ("REGION", "--region="),
                ("DOMAIN", "--domain="),
                ("STATE", "--state-bucket="),
            )
        ),
        ("smoke", "URL", ""),
        ("chaos", "SECONDS", "--seconds="),
        ("chaos", "SEED", "--seed="),
        ("chaos", "KEEP", "--keep="),
        ("bench", "ONLY", "--only="),
    ],
)
def test_a_command_gets_a_value_as_it_is(tmp_path: Path, target: str, variable: str, flag: str) -> None:
    set_up_python(tmp_path, """printf '%s\\n' "$@" """)
    value = "it's;\"5\\`&"

    ended = make(tmp_path, target, f"{variable}={value}")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert f"{flag}{value}" in ended.stdout.splitlines()


def test_smoke_shows_its_key_to_nobody(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All users can see the arguments of processes, including the shells that make starts for recipes."""
    set_up_python(tmp_path, 'echo "$@ with $KEY"')
    monkeypatch.setenv("KEY", "muster_secret")

    recipe = make(tmp_path, "-n", "smoke", "URL=http://127.0.0.1:8080")
    ended = make(tmp_path, "smoke", "URL=http://127.0.0.1:8080")

    assert (recipe.returncode, recipe.stderr) == (0, "")
    assert "muster_secret" not in recipe.stdout
    assert "-m infra.smoke http://127.0.0.1:8080 with muster_secret" in ended.stdout.splitlines()


@pytest.mark.parametrize(
    ("target", "variable", "flag"),
    [("events", "JSON", "--json"), ("deploy", "YES", "--yes"), ("destroy", "YES", "--yes")],
)
def test_only_1_switches_something_on(tmp_path: Path, target: str, variable: str, flag: str) -> None:
    set_up_python(tmp_path, 'echo "$@"')

    assert flag in make(tmp_path, target, f"{variable}=1").stdout.split()
    for left_out in ((), (f"{variable}=",)):
        ended = make(tmp_path, target, *left_out)
        assert ended.returncode == 0
        assert flag not in ended.stdout.split()
    for other in ("0", "no", "true"):
        rejected = make(tmp_path, target, f"{variable}={other}")
        assert rejected.returncode != 0
        assert "-m" not in rejected.stdout.split()
        (line,) = rejected.stderr.splitlines()
        assert f"muster: {variable}={other} is not valid: set {variable}=1 or leave it out" in line
