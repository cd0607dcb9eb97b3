"""`.ci/terraform` without its own tools."""

import os
import shutil
import subprocess
from pathlib import Path

from infra import ROOT


def test_terraform_itself_checks_where_its_stand_in_is_missing(tmp_path: Path) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "terraform", tmp_path / ".ci")
    terraform = tmp_path / "terraform"
    terraform.write_text(f'#!/bin/sh\necho "$*" >> {tmp_path}/calls\n')
    terraform.chmod(0o755)

    run = subprocess.run(
        [str(tmp_path / ".ci" / "terraform")],
        env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (run.stderr, run.returncode) == ("", 0)
    in_its_folder = "-chdir=infra/terraform"
    assert [
        "fmt -check -recursive -diff infra/terraform",
        f"{in_its_folder} init -backend=false",
        f"{in_its_folder} validate",
        f"{in_its_folder} test",
    ] == (tmp_path / "calls").read_text().splitlines()
