"""What runs, builds, deploys and watches the product: it is no part of it."""

from pathlib import Path

# The project's folder.
ROOT = Path(__file__).resolve().parent.parent
