"""What runs, builds, deploys and watches the product: it is no part of it."""

from infra import endings

endings.prepare()  # before the other imports, which may be interrupted too

from pathlib import Path  # noqa: E402

# The project's folder.
ROOT = Path(__file__).resolve().parent.parent
