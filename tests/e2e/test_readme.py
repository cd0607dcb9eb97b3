"""Run the README's tour: every command, and compare every output except ids and times.

The tour is the README's ```console blocks, with `$ ` before a command and `> ` before its further lines. The
addresses and the key in the output of `make run` are replaced with those of the test's stack everywhere.
`make events` runs in parallel with the following commands.
"""

import os
import re
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from infra import ROOT
from tests.stack import TIMEOUT, StackProcess

BANNER = re.compile(
    r"ready on http://(?P<gateway>\S+).*Firestore emulator +(?P<firestore>\S+).*"
    r"Pub/Sub emulator +(?P<pubsub>\S+).*API key +(?P<api_key>\S+)",
    flags=re.DOTALL,
)
CHANGING = {
    r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}": "<id>",
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)": "<time>",
}
# The environment is ready; make must not update it while tests use it.
PRELUDE = 'make() { command make -o .venv/.ready "$@"; }\n'
MARK = "=== another command ==="


@pytest.mark.long
def test_the_tour_is_true(tmp_path: Path) -> None:
    with StackProcess(tmp_path) as stack:
        stack.running()
        stack.wait_for("Ctrl-C stops it all.")
        readme = (ROOT / "README.md").read_text()
        real = dict(zip(_addresses(readme), _addresses(stack.output), strict=True))
        # Replace all in one pass, because a real port can be equal to another one in the README.
        readme = re.sub("|".join(map(re.escape, real)), lambda shown: real[shown[0]], readme)
        (run,), (events,), *steps = map(_parsed, re.findall(r"```console\n(.*?)```", readme, flags=re.DOTALL))

        assert run[0] == "make run"
        assert run[1] in _unchanging(stack.output)

        with _bash(events[0], tmp_path) as watching:
            assert watching.stdout
            shown_events = watching.stdout.readline()  # it has started
            commands, outputs = zip(*(command for step in steps for command in step), strict=True)
            assert list(outputs) == _executed(commands, tmp_path)
            while shown_events.count("\n") < events[1].count("\n"):
                shown_events += watching.stdout.readline()
        assert events[1] == _unchanging(shown_events)


def _addresses(text: str) -> tuple[str, ...]:
    """Return the gateway, the emulators' hosts and the key from the output of `make run`."""
    banner = BANNER.search(text)
    assert banner, text
    return banner.groups()


def _parsed(block: str) -> list[tuple[str, str]]:
    """Split a block into its commands, each with its output."""
    commands = []
    for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, output = re.match(r"(.*\n(?:>.*\n)*)((?:.*\n)*)", step).groups()  # type: ignore[union-attr] # it matches anything
        commands.append((re.sub(r"^> ?", "", command, flags=re.MULTILINE).strip(), _unchanging(output)))
    return commands


def _executed(commands: tuple[str, ...], state: Path) -> list[str]:
    """Run commands in one shell, and return each output."""
    script = "".join(f"echo '{MARK}'\n{command}\n" for command in commands)
    with _bash(script, state) as shell:
        printed, _ = shell.communicate(timeout=TIMEOUT)
    return [_unchanging(output) for output in printed.split(f"{MARK}\n")[1:]]


@contextmanager
def _bash(script: str, state: Path) -> Iterator[subprocess.Popen[str]]:
    """Run a script until the end of the block, and then send it Ctrl-C."""
    with subprocess.Popen(
        ["bash", "-c", PRELUDE + script],  # noqa: S607 - any bash
        cwd=ROOT,
        # Remove the variables that an outer `make test` sets, which would affect make in the tour.
        env={name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
        | {"MUSTER_STATE": str(state)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as shell:
        try:
            yield shell
        finally:
            with suppress(ProcessLookupError):
                os.killpg(shell.pid, signal.SIGINT)


def _unchanging(text: str) -> str:
    for pattern, placeholder in CHANGING.items():
        text = re.sub(pattern, placeholder, text)
    return text
