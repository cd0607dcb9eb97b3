"""Functions as child processes of a stack: they are restarted when they die, and never left behind."""

import asyncio
import os
import select
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from infra.local import function, topology
from infra.local.fork_server import ForkServer
from infra.local.processes import STABLE_AFTER, Process
from infra.local.spawn import Run
from tests import proc, virtual_time
from tests.functions.lone_function import running_fork_server

ECHO = """
import os
import functions_framework.aio
from starlette.responses import Response

@functions_framework.aio.http
async def main(request):
    return Response(f"{os.getppid()} {os.getpid()} {os.environ.get('GREETING')}")
"""
BROKEN = "raise RuntimeError('this function cannot be loaded')"
FAINT = f"""{ECHO}
from pathlib import Path

answer = main

@functions_framework.aio.http
async def main(request):
    try:
        Path(__file__).with_name("fainted").touch(exist_ok=False)
    except FileExistsError:
        return await answer(request)
    os._exit(1)
"""
STUBBORN = f"""{ECHO}
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
signal.signal = lambda *_: None  # so that gunicorn cannot undo it
"""
# Another thread than the main one gets the signal that a child has ended.
ALOOF = """
import signal, threading
threading.Thread(target=threading.Event().wait, daemon=True).start()
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
"""
# Each forked process ends before it has reported its start.
DOOMED = """
import os
os.register_at_fork(after_in_child=lambda: os._exit(1))
"""


# Above the maximum of pid_max (https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html).
NOBODY = 2**22 + 1


class Child:
    """A function, and the lines that are reported about it."""

    def __init__(self, source: Path, fork_server: ForkServer) -> None:
        self.lines: list[str] = []
        self._news = asyncio.Event()
        declared = topology.Function(
            name="echo",
            folder=str(source.parent),
            entry_point="main",
            trigger="http",
            cpu=1,
            memory="512Mi",
            concurrency=80,
            timeout_seconds=60,
            minimum_instances=0,
            maximum_instances=1,
            environment={"GREETING": "hello"},
        )
        self.function = function.Function(declared, fork_server, self._log, self._note)

    async def wait_for_line(self, text: str) -> None:
        """Wait until a reported line contains a text."""
        while not any(text in line for line in self.lines):
            self._news.clear()
            await self._news.wait()

    async def ask(self) -> tuple[int, int, str]:
        """Return the ids of gunicorn's arbiter and worker, and the greeting, from the function's response."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.function.port)
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        response = await reader.read()
        writer.close()
        await writer.wait_closed()
        arbiter, worker, greeting = response.decode().partition("\r\n\r\n")[2].split()
        return int(arbiter), int(worker), greeting

    def _log(self, _: str, line: str) -> None:
        self.lines.append(line)
        self._news.set()

    async def _note(self) -> None:
        self._log("", "ready")


@asynccontextmanager
async def child(folder: Path, code: str, fork_server: ForkServer) -> AsyncIterator[Child]:
    source = folder / "main.py"
    source.write_text(code)
    running = Child(source, fork_server)
    running.function.start_with({})
    try:
        yield running
    finally:
        await running.function.stop()


def gone(pid: int, seconds: float = 10) -> bool:
    """Wait for the end of a process that is not a child of this one, and return whether it ended in time."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([process], [], [], seconds)[0])
    finally:
        os.close(process)


async def test_a_function_is_served_as_in_production_with_its_environment(
    tmp_path: Path, fork_server: ForkServer
) -> None:
    async with child(tmp_path, ECHO, fork_server) as running:
        assert await running.function.ready()
        arbiter, worker, greeting = await running.ask()
        assert (arbiter, greeting) == (running.function.pid, "hello")
    assert gone(arbiter)
    assert gone(worker)


async def test_a_function_is_served_as_in_production_even_if_the_environment_asks_for_debugging(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DEBUG", "1")
    async with running_fork_server() as fork_server, child(tmp_path, ECHO, fork_server) as running:
        assert await running.function.ready()
        arbiter, _, _ = await running.ask()
        assert arbiter == running.function.pid


async def test_functions_do_not_meet_at_a_control_socket(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By default, gunicorn has one socket for each user; a second gunicorn takes it away from the first."""
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    async with running_fork_server() as fork_server, child(tmp_path, ECHO, fork_server) as running:
        assert await running.function.ready()
        await running.ask()
        assert not (tmp_path / "gunicorn.ctl").exists()


async def test_a_function_that_is_killed_is_started_again_and_callers_wait(
    tmp_path: Path, fork_server: ForkServer
) -> None:
    async with child(tmp_path, ECHO, fork_server) as running:
        assert await running.function.ready()
        arbiter, worker, _ = await running.ask()
        os.kill(arbiter, signal.SIGKILL)
        await running.wait_for_line("stopped (killed by SIGKILL), starting it again")
        assert gone(worker)
        assert await running.function.ready()
        assert (await running.ask())[0] == running.function.pid != arbiter
        assert "runs again" in running.lines


async def test_the_end_of_a_function_is_noticed_in_whichever_thread_its_signal_arrives(
    tmp_path: Path,
) -> None:
    (tmp_path / "sitecustomize.py").write_text(ALOOF)
    async with running_fork_server(PYTHONPATH=str(tmp_path)) as fork_server:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            run = await fork_server.fork(("http.server", "0"), {}, listener.fileno(), print)
        os.kill(run.pid, signal.SIGKILL)
        async with asyncio.timeout(10):
            await run.exited.wait()
        await run.end(grace=10)


async def test_the_start_of_a_function_prints_no_warning() -> None:
    """Python 3.12 and newer warn of forks beside other threads. One here waits for the end of the stack."""
    lines: list[str] = []
    async with running_fork_server(
        lambda _, line: lines.append(line), PYTHONWARNINGS="default"
    ) as fork_server:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            run = await fork_server.fork(("http.server", "0"), {}, listener.fileno(), print)
        await run.end(grace=10)
    assert lines == []


async def test_functions_that_end_at_the_same_time_are_all_noticed() -> None:
    """They cause one signal, because the fork server has not handled the first one when the next arrives."""
    async with running_fork_server() as fork_server:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            runs = [
                await fork_server.fork(("http.server", "0"), {}, listener.fileno(), print) for _ in range(3)
            ]
        assert fork_server.pid
        os.kill(fork_server.pid, signal.SIGSTOP)
        for run in runs:
            os.kill(run.pid, signal.SIGKILL)
            assert gone(run.pid)
        os.kill(fork_server.pid, signal.SIGCONT)
        async with asyncio.timeout(10):
            for run in runs:
                await run.exited.wait()
                await run.end(grace=0)


async def test_a_function_that_dies_before_it_has_started_is_not_waited_for(tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(DOOMED)
    async with running_fork_server(PYTHONPATH=str(tmp_path)) as fork_server:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            async with asyncio.timeout(10):
                with pytest.raises(ConnectionError, match="the function died before it had started"):
                    await fork_server.fork(("http.server", "0"), {}, listener.fileno(), print)


async def test_a_function_ends_with_its_fork_server_and_is_started_again_by_the_next(tmp_path: Path) -> None:
    async with running_fork_server() as fork_server, child(tmp_path, ECHO, fork_server) as running:
        assert await running.function.ready()
        arbiter, worker, _ = await running.ask()
        assert fork_server.pid
        os.kill(fork_server.pid, signal.SIGKILL)
        await running.wait_for_line("runs again")
        assert gone(arbiter)
        assert gone(worker)
        assert await running.function.ready()
        assert (await running.ask())[0] == running.function.pid != arbiter


async def test_a_function_that_cannot_be_loaded_says_why_and_is_tried_again(
    tmp_path: Path, fork_server: ForkServer
) -> None:
    async with child(tmp_path, BROKEN, fork_server) as running:
        assert not await running.function.ready()
        await running.wait_for_line("stopped 2 times in a row (exit status 1), next try in 1 s")
        assert any("this function cannot be loaded" in line for line in running.lines)
        (tmp_path / "main.py").write_text(ECHO)
        await running.wait_for_line("runs again")
        assert await running.function.ready()


async def test_a_function_that_hangs_up_on_its_first_caller_is_started_again(
    tmp_path: Path, fork_server: ForkServer
) -> None:
    async with child(tmp_path, FAINT, fork_server) as running:
        assert await running.function.ready()
        assert "cannot be used: it hung up before it answered" in running.lines
        assert "runs again" in running.lines
        assert (await running.ask())[0] == running.function.pid


async def test_a_function_that_hangs_up_and_will_not_stop_is_started_again(
    tmp_path: Path, fork_server: ForkServer
) -> None:
    async with child(tmp_path, FAINT + STUBBORN.removeprefix(ECHO), fork_server) as running:
        running.function.grace = 0.2
        async with asyncio.timeout(30):
            assert await running.function.ready()
        assert "cannot be used: it hung up before it answered" in running.lines


async def test_a_function_that_is_stopped_while_it_starts_leaves_nothing_behind(
    tmp_path: Path, fork_server: ForkServer
) -> None:
    assert await fork_server.ready()
    assert fork_server.pid
    before, open_before = proc.children(fork_server.pid), open_files()
    async with asyncio.timeout(30):
        for turns in range(20):  # turns of the event loop: stop before the fork is requested, or while it is
            async with child(tmp_path, ECHO, fork_server):
                for _ in range(turns):
                    await asyncio.sleep(0)
        assert proc.children(fork_server.pid) == before
        async with child(tmp_path, ECHO, fork_server) as running:
            assert await running.function.ready()
            arbiter, _, _ = await running.ask()
        assert gone(arbiter)
        assert open_files() <= open_before


def open_files() -> int:
    """Return the number of this process's file descriptors."""
    return sum(1 for _ in Path("/proc/self/fd").iterdir())


async def test_a_function_that_will_not_stop_is_killed(tmp_path: Path, fork_server: ForkServer) -> None:
    async with child(tmp_path, STUBBORN, fork_server) as running:
        running.function.grace = 0.2
        assert await running.function.ready()
        arbiter, worker, _ = await running.ask()
    assert gone(arbiter)
    assert gone(worker)


async def test_a_function_whose_request_dies_with_the_fork_server_is_not_waited_for() -> None:
    async with running_fork_server() as fork_server:
        assert await fork_server.ready()
        assert fork_server.pid
        os.kill(fork_server.pid, signal.SIGSTOP)  # so that it does not read the request
        with socket.create_server(("127.0.0.1", 0)) as listener:
            unstarted = asyncio.create_task(
                fork_server.fork(("http.server", "0"), {}, listener.fileno(), print)
            )
            await asyncio.sleep(0.1)
            os.kill(fork_server.pid, signal.SIGKILL)
            async with asyncio.timeout(10):
                with pytest.raises(ConnectionError, match="the fork server died"):
                    await unstarted
                assert await fork_server.ready()


async def test_functions_and_fork_server_can_be_stopped_also_if_the_fork_server_hangs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hanging fork server does not report the end of a function."""
    monkeypatch.setattr("infra.local.spawn.AFTER_KILL", 0.2)
    async with running_fork_server() as fork_server, child(tmp_path, ECHO, fork_server) as running:
        assert await running.function.ready()
        assert fork_server.pid
        fork_server.grace = running.function.grace = 0.2
        os.kill(fork_server.pid, signal.SIGSTOP)
        async with asyncio.timeout(20):
            await running.function.stop()
            await fork_server.stop()


async def test_a_fork_server_that_hangs_while_a_function_is_stopped_is_started_again() -> None:
    """If it resumed, it would report the start of that function when the next one is to start."""
    async with running_fork_server() as fork_server:
        assert await fork_server.ready()
        hanging = fork_server.pid
        assert hanging
        fork_server.grace = 0.2
        os.kill(hanging, signal.SIGSTOP)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            unstarted = asyncio.create_task(
                fork_server.fork(("http.server", "0"), {}, listener.fileno(), print)
            )
            await asyncio.sleep(0.1)
            unstarted.cancel()
            async with asyncio.timeout(20):
                await asyncio.wait([unstarted])
                assert gone(hanging)
                while fork_server.pid in (hanging, None):  # noqa: ASYNC110 - nothing waits for a restart
                    await asyncio.sleep(0.01)
                run = await fork_server.fork(("http.server", "0"), {}, listener.fileno(), print)
                assert fork_server.pid
                assert proc.children(fork_server.pid) == [run.pid]
                await run.end(0)


class Lasting(Run):
    """A child that lives until it is terminated."""

    def terminate(self) -> None:
        self.take_end(0)


def begun(kind: type[Run]) -> Run:
    """Return the run of a child that is no process and prints nothing."""
    run = kind(print)
    run.pid = NOBODY
    run.drained.set()
    return run


class Mortal(Process):
    """A child with given lifetimes in seconds, one for each start."""

    def __init__(self, *lives: float) -> None:
        self.lines: list[str] = []
        super().__init__("mortal", lambda _, line: self.lines.append(line), self._nothing)
        self._lives = iter(lives)

    async def _begin(self) -> Run:
        run = begun(Run)
        asyncio.get_running_loop().call_later(next(self._lives), run.take_end, 1)
        return run

    async def _until_ready(self) -> None:
        pass

    async def _nothing(self) -> None:
        pass


def test_a_child_that_lives_for_long_is_in_no_crash_loop_when_it_dies() -> None:
    async def live() -> list[str]:
        child = Mortal(
            STABLE_AFTER - 1, STABLE_AFTER - 1, STABLE_AFTER + 1, STABLE_AFTER - 1, 100 * STABLE_AFTER
        )
        child.start()
        await asyncio.sleep(6 * STABLE_AFTER)
        await child.stop()
        return [line for line in child.lines if line != "runs again"]

    assert virtual_time.run(live()) == [
        "stopped (exit status 1), starting it again",
        "stopped 2 times in a row (exit status 1), next try in 1 s",
        "stopped (exit status 1), starting it again",
        "stopped 2 times in a row (exit status 1), next try in 1 s",
    ]


def test_a_child_in_a_crash_loop_is_tried_again_after_at_most_ten_seconds() -> None:
    async def live() -> list[str]:
        child = Mortal(*[0.0] * 8, 100.0)
        child.start()
        await asyncio.sleep(1 + 2 + 4 + 8 + 10 + 10 + 10 + 1)
        assert await child.ready()
        await child.stop()
        return [line.rpartition(", ")[2] for line in child.lines if line != "runs again"]

    tries = [f"next try in {pause} s" for pause in (1, 2, 4, 8, 10, 10, 10)]
    assert virtual_time.run(live()) == ["starting it again", *tries]


def test_a_child_that_was_ready_is_not_while_it_is_in_a_crash_loop() -> None:
    async def live() -> None:
        child = Mortal(1.0, 1.0, 100.0)
        child.start()
        assert await child.ready()
        await asyncio.sleep(2.5)  # it has died twice, and its next try is in half a second
        assert (await child.ready(), child.pid) == (False, None)
        await asyncio.sleep(1)
        assert (await child.ready(), child.pid) == (True, NOBODY)
        await child.stop()

    virtual_time.run(live())


def test_a_bug_where_a_child_is_set_up_is_reported_and_nobody_waits_forever() -> None:
    class Buggy(Mortal):
        async def _begin(self) -> Run:
            return begun(Lasting)

        async def _until_ready(self) -> None:
            raise TypeError("a bug")

    async def live() -> list[str]:
        child = Buggy()
        child.start()
        async with asyncio.timeout(60):
            assert not await child.ready()
        await child.stop()
        return child.lines

    lines = virtual_time.run(live())
    assert lines[0].startswith("cannot be used: Traceback (most recent call last):\n")
    assert lines[0].endswith("\nTypeError: a bug\n")
    assert lines[1] == "stopped (exit status 0), starting it again"


def test_output_is_reported_by_whole_lines_even_if_it_is_no_text() -> None:
    lines: list[str] = []
    run = Run(lines.append)
    for part in (b"one\ntw", b"o\n", b"\xff\nthree"):
        run.take_output(part)
    assert lines == ["one", "two", "\ufffd"]


async def test_what_sets_a_child_up_ends_before_the_child_is_terminated() -> None:
    """Otherwise, gRPC would print that the child has ended the connection."""
    ends: list[str] = []

    class Served(Lasting):
        def terminate(self) -> None:
            ends.append("child")
            super().terminate()

    class Unready(Mortal):
        async def _begin(self) -> Run:
            return begun(Served)

        async def _until_ready(self) -> None:
            try:
                await asyncio.Event().wait()
            finally:
                ends.append("setting up")

    child = Unready()
    child.start()
    await asyncio.sleep(0.01)
    await child.stop()
    assert ends == ["setting up", "child"]


async def test_the_end_of_a_run_can_be_cancelled_also_as_its_process_dies() -> None:
    run = Run(print)
    run.pid = NOBODY
    ending = asyncio.create_task(run.end(grace=10))
    await asyncio.sleep(0.01)
    run.take_end(-signal.SIGINT)
    await asyncio.sleep(0)
    ending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await ending


@pytest.mark.parametrize("turns", range(4))  # of the event loop, in which the child's supervision goes on
async def test_a_stack_that_stops_as_a_child_dies_does_not_start_it_again(turns: int) -> None:
    """Ctrl-C also ends a child that does not have its own process group yet."""
    runs: list[Run] = []

    class Interrupted(Mortal):
        async def _begin(self) -> Run:
            run = begun(Run)
            run.drained.clear()
            runs.append(run)
            return run

    child = Interrupted()
    child.start()
    assert await child.ready()
    runs[0].take_end(-signal.SIGINT)
    for _ in range(turns):
        await asyncio.sleep(0)
    runs[0].drained.set()
    async with asyncio.timeout(10):
        await child.stop()
    assert (len(runs), child.lines) == (1, [])
