"""Generate the OpenAPI document and its page: `python -m infra.openapi`.

The `machines` function serves both as files. They are the same for everybody, so instances do not build them.
"""

import json
from pathlib import Path

from functions.machines.operations import operations as machines_operations
from functions.pools.operations import operations as pools_operations
from infra import ROOT, os_errors
from infra.arguments import Parser, folder
from infra.openapi.document import document
from infra.openapi.page import render
from shared.bootstrap import inventory
from shared.edge.resource import Operation

FOLDER = Path("functions/machines/openapi")


@os_errors.in_one_line()
def main() -> None:
    """Generate the document and its page."""
    parser = Parser(prog="python -m infra.openapi", description="Generate the OpenAPI document and its page.")
    parser.add_argument(
        "--into", type=folder, default=ROOT, help="the folder to write below (default: the project)"
    )
    into = parser.parse_args().into / FOLDER
    into.mkdir(parents=True, exist_ok=True)
    content = document(all_operations())
    (into / "openapi.json").write_text(json.dumps(content, indent=2) + "\n")
    (into / "docs.html").write_text(render(content))


def all_operations() -> list[Operation]:
    """Return the operations of all functions. None is called, so this needs no project."""
    unused = inventory({"GOOGLE_CLOUD_PROJECT": "unused"})
    return [*machines_operations(unused), *pools_operations(unused)]


if __name__ == "__main__":
    main()
