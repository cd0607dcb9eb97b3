"""`make deploy`: what it checks before it starts Terraform, and how it runs it."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from infra import ROOT, package
from infra.deploy import VALUES, main

PLACE = ("--project", "example-project", "--region", "europe-west1", "--domain", "inventory.example.com")


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A gcloud that fails for the arguments in REJECTED, and a terraform that records its arguments."""
    gcloud = 'case " $* " in *" $REJECTED "*) echo "ERROR: refused" >&2; exit 1;; esac'
    for name, script in {"gcloud": gcloud, "terraform": f'echo "$*" >> {tmp_path}/calls'}.items():
        file = tmp_path / name
        file.write_text(f"#!/bin/sh\n{script}\n")
        file.chmod(0o755)
    return tmp_path


def deploy(tools: Path, *arguments: str, rejected: str = "nothing") -> subprocess.CompletedProcess[str]:
    """Run the command with only these tools."""
    return subprocess.run(
        [sys.executable, "-m", "infra.deploy", *arguments],
        cwd=ROOT,
        env=os.environ | {"PATH": str(tools), "REJECTED": rejected},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize("tool", ["gcloud", "terraform"])
def test_a_missing_tool_is_named_with_where_to_get_it(tools: Path, tool: str) -> None:
    (tools / tool).unlink()

    run = deploy(tools, "apply", *PLACE)

    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert line.startswith(f"muster: no {tool} here: https://")


@pytest.mark.parametrize(
    ("rejected", "message"),
    [
        ("print-access-token", "you are not signed in to Google Cloud: gcloud auth login"),
        ("projects describe", "you cannot see the project example-project"),
        ("get-iam-policy", "you may not administer the project example-project"),
        ("buckets describe", "no bucket for Terraform's state: make it once, as docs/deploy.md says"),
    ],
)
def test_what_gcloud_rejects_is_one_line(tools: Path, rejected: str, message: str) -> None:
    run = deploy(tools, "apply", *PLACE, rejected=rejected)

    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert line.startswith(f"muster: {message}")
    assert line.endswith("(gcloud says: ERROR: refused)")
    assert not (tools / "calls").exists()


def test_what_is_to_be_said_is_asked_for(tools: Path) -> None:
    run = deploy(tools, "apply", "--project", "example-project", "--domain", "")

    assert run.stderr == "muster: set REGION, DOMAIN: make deploy PROJECT=... REGION=... DOMAIN=...\n"


@pytest.mark.parametrize(
    ("name", "value"),
    [("project", "My-Project"), ("region", "europe-west1-b"), ("domain", "https://inventory.example.com")],
)
def test_a_value_that_terraform_would_reject_is_named_before_anything_else(
    tools: Path, name: str, value: str
) -> None:
    run = deploy(tools, "apply", *PLACE, f"--{name}", value, rejected="print-access-token")

    assert run.returncode == 1
    (line,) = run.stderr.splitlines()
    assert line.startswith(f"muster: {name.upper()}={value} is no {name}: it is written like ")


@pytest.mark.parametrize("name", [*VALUES, "state-bucket"])
def test_a_value_with_a_line_break_is_one_line(tools: Path, name: str) -> None:
    run = deploy(tools, "apply", *PLACE, f"--{name}", "a\nb")

    assert run.returncode == 2
    (line,) = run.stderr.splitlines()
    assert line.startswith(rf"muster: argument --{name}: 'a\nb' has control characters")


@pytest.mark.parametrize("name", VALUES)
def test_values_have_the_patterns_of_terraform(name: str) -> None:
    example, pattern = VALUES[name]
    variables = (ROOT / "infra" / "terraform" / "variables.tf").read_text()

    condition = f'can(regex("^{pattern.replace(chr(92), chr(92) * 2)}$", var.{name}))'
    assert condition in variables
    assert re.fullmatch(pattern, example)


@pytest.mark.parametrize("action", ["apply", "destroy"])
def test_terraform_shows_its_plan_and_asks_before_it_does_anything(tools: Path, action: str) -> None:
    """Terraform asks unless a flag tells it not to."""
    run = deploy(tools, action, *PLACE)

    assert (run.stderr, run.returncode) == ("", 0)
    init, action_call = (tools / "calls").read_text().splitlines()
    assert init == "init -input=false -reconfigure -backend-config=bucket=example-project-muster-state"
    assert action_call.startswith(
        f"{action} -var=project=example-project -var=region=europe-west1 -var=domain=inventory.example.com"
    )
    assert "-auto-approve" not in action_call


def test_an_archive_that_cannot_be_written_is_one_line(tools: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setattr(package, "DEFAULT_FILE", Path("/dev/null/muster.zip"))
    monkeypatch.setattr("sys.argv", ["infra.deploy", "apply", *PLACE])

    with pytest.raises(SystemExit, match=r"^muster: /dev/null[^ ]*: (Not a directory|File exists)$"):
        main()


def test_ctrl_c_leaves_terraform_the_time_to_save_its_state(tools: Path) -> None:
    """A shell sends the signal to both. If killed, Terraform leaves its lock and forgets what it created."""
    (tools / "terraform").write_text(
        "#!/bin/sh\n"
        '[ "$1" = init ] && exit\n'
        f"trap 'sleep 1; touch {tools}/saved; exit 1' INT\n"
        "echo started\n"
        "while true; do sleep 0.1; done\n"
    )
    with subprocess.Popen(
        [sys.executable, "-m", "infra.deploy", "apply", *PLACE],
        cwd=ROOT,
        env=os.environ | {"PATH": f"{tools}:{os.environ['PATH']}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "started\n"
        os.killpg(run.pid, signal.SIGINT)
        _, stderr = run.communicate(timeout=60)

    assert (tools / "saved").exists()
    assert run.returncode == 1
    assert stderr.splitlines()[-1].startswith("muster: Terraform did not finish, see above")
