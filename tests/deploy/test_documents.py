"""The commands in the documents for operators."""

import re
from pathlib import Path

import pytest

from infra import ROOT

DOCUMENTS = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]


def commands(document: Path) -> list[str]:
    """Return the lines of a document's indented blocks, each joined with its continuation lines."""
    return re.findall(r"^ {4,}(\S.*)$", document.read_text().replace("\\\n", ""), re.MULTILINE)


@pytest.mark.parametrize("document", DOCUMENTS, ids=[str(each.relative_to(ROOT)) for each in DOCUMENTS])
def test_every_command_names_the_project_that_it_is_for(document: Path) -> None:
    """The operator can have another default project, and bucket names are global."""
    documented = [
        part for line in commands(document) for part in line.split(" && ") if part.startswith("gcloud ")
    ]

    lacking = [
        command
        for command in documented
        if not re.match(r"gcloud (auth|storage buckets update) ", command)
        and " --project my-project" not in command
    ]
    assert lacking == []


def test_every_alert_has_a_row_that_says_what_to_do() -> None:
    alerts = (ROOT / "infra" / "terraform" / "alerts.tf").read_text()
    names = [*re.findall(r'^ {6}name +?= "(.+)"$', alerts, re.MULTILINE), "has not run for 10 minutes"]
    rows = (ROOT / "docs" / "deploy.md").read_text().partition("## When an alert comes")[2]

    assert len(names) > 1
    assert [
        name for name in names if not re.search(rf"^\| [^|]*{re.escape(name)} \|", rows, re.MULTILINE)
    ] == []
