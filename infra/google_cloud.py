"""Timeouts and error messages of commands that use Google's clients."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from google.api_core.exceptions import GoogleAPICallError, RetryError
from google.api_core.retry import Retry
from google.auth.exceptions import GoogleAuthError

NOT_SIGNED_IN = (
    "you are not signed in to Google Cloud: gcloud auth login && gcloud auth application-default login"
)
# People wait for these commands. The clients' own timeouts are up to five minutes.
TIMEOUT = 10.0
RETRY = Retry(timeout=TIMEOUT)


@contextmanager
def one_line(service: str) -> Iterator[None]:
    """End the command with an error in one line if a call to a service, or to its emulator, fails."""
    try:
        yield
    except GoogleAuthError as error:
        sys.exit(f"muster: {NOT_SIGNED_IN} (Google says: {_flat(error)})")
    except RetryError as error:
        sys.exit(f"muster: {service} does not answer: {_flat(error.cause)}")
    except GoogleAPICallError as error:
        sys.exit(f"muster: {service} answers {_flat(error.message)}")


def report_emulator(variable: str) -> None:
    """If the environment names an emulator, report that the given project is one of that emulator."""
    if host := os.environ.get(variable):
        sys.stderr.write(f"muster: {variable} is {host}: this is that emulator's, and not Google Cloud's\n")


def _flat(reason: object) -> str:
    return " ".join(str(reason).split())
