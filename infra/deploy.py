"""Deploy to Google Cloud, or remove a deployment: `make deploy` and `make destroy`.

Terraform does the work (infra/terraform). Before that, this command checks the prerequisites, and reports in
one line what is missing.
"""

import argparse
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

from infra import os_errors, package
from infra.arguments import Parser, printable
from infra.google_cloud import NOT_SIGNED_IN

TERRAFORM = Path(__file__).resolve().parent / "terraform"
INSTALL = {
    "terraform": "https://developer.hashicorp.com/terraform/install",
    "gcloud": "https://cloud.google.com/sdk/docs/install",
}
# What a deployment needs: an example, and the pattern in infra/terraform/variables.tf, which Terraform itself
# checks only after the sign-in.
VALUES = {
    "project": ("my-project", "[a-z][a-z0-9-]{4,28}[a-z0-9]"),
    "region": ("europe-west1", "[a-z]+-[a-z]+[0-9]+"),
    "domain": ("inventory.example.com", r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}"),
}


class Missing(Exception):
    """A prerequisite of a deployment is missing; the text says which one, and what to do."""


def check(project: str, bucket: str) -> None:
    """Check all prerequisites: of this machine, of the user and of the project.

    Raises:
        Missing: a prerequisite is missing.
    """
    for tool, page in INSTALL.items():
        if shutil.which(tool) is None:
            raise Missing(f"no {tool} here: {page}")
    _ask(NOT_SIGNED_IN, "auth", "application-default", "print-access-token")
    _ask(f"you cannot see the project {project}", "projects", "describe", project)
    # Every deployment grants roles. A user who cannot even read the IAM policy cannot grant roles.
    _ask(f"you may not administer the project {project}", "projects", "get-iam-policy", project)
    _ask(
        f"no bucket for Terraform's state: make it once, as docs/deploy.md says, gs://{bucket}",
        *("storage", "buckets", "describe", f"gs://{bucket}"),
    )


def _ask(otherwise: str, *question: str) -> None:
    """Run a gcloud command that succeeds only if a prerequisite is met."""
    command = ["gcloud", *question, "--quiet"]
    completed = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - own command
    if completed.returncode != 0:
        reason = " ".join(completed.stderr.split())
        raise Missing(f"{otherwise} (gcloud says: {reason[:300]})")


def run(arguments: argparse.Namespace) -> None:
    """Show Terraform's plan, and apply it if the user agrees.

    Raises:
        Missing: a prerequisite is missing.
        CalledProcessError: Terraform failed and has printed the reason.
    """
    bucket = arguments.state_bucket or f"{arguments.project}-muster-state"
    check(arguments.project, bucket)
    package.build(package.DEFAULT_FILE)
    _terraform("init", "-input=false", "-reconfigure", f"-backend-config=bucket={bucket}")
    variables = {
        "project": arguments.project,
        "region": arguments.region,
        "domain": arguments.domain,
        "archive": str(package.DEFAULT_FILE),
    }
    _terraform(
        arguments.action,
        *(f"-var={name}={value}" for name, value in variables.items()),
        *(["-auto-approve"] if arguments.yes else []),
    )


def _terraform(*arguments: str) -> None:
    """Run Terraform to its end.

    Ctrl-C reaches Terraform too, which then saves its state and releases its lock. `subprocess.run` would
    kill it a quarter of a second later. Terraform does not inherit a handler, as it would SIG_IGN.
    """
    command = ["terraform", *arguments]  # the user's installation, found by PATH
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        subprocess.run(command, cwd=TERRAFORM, check=True)  # noqa: S603 - no shell splits the arguments
    finally:
        signal.signal(signal.SIGINT, before)


@os_errors.in_one_line()
def main() -> None:
    """Run a command; report a failure in one line, after Terraform's own output."""
    arguments = _arguments()
    try:
        run(arguments)
    except Missing as missing:
        sys.exit(f"muster: {missing}")
    except subprocess.CalledProcessError:
        sys.exit("muster: Terraform did not finish, see above: fix that and run the same command again")


def _arguments() -> argparse.Namespace:
    parser = Parser(prog="python -m infra.deploy", description="Deploy to Google Cloud.")
    parser.add_argument("action", choices=["apply", "destroy"])
    for name, (example, _) in VALUES.items():
        parser.add_argument(f"--{name}", type=printable, default="", help=f"such as {example}")
    parser.add_argument(
        "--state-bucket",
        type=printable,
        help="where Terraform keeps its state (default: PROJECT-muster-state)",
    )
    parser.add_argument("--yes", action="store_true", help="apply the plan without asking")
    arguments = parser.parse_args()
    missing = [name.upper() for name in VALUES if not getattr(arguments, name)]
    if missing:
        target = "deploy" if arguments.action == "apply" else "destroy"
        sys.exit(f"muster: set {', '.join(missing)}: make {target} PROJECT=... REGION=... DOMAIN=...")
    for name, (example, pattern) in VALUES.items():
        if not re.fullmatch(pattern, value := getattr(arguments, name)):
            sys.exit(f"muster: {name.upper()}={value} is no {name}: it is written like {example}")
    return arguments


if __name__ == "__main__":
    main()
