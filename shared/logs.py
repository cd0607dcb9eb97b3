"""Structured logs: one JSON object per line for Cloud Logging, readable lines on a terminal.

https://cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields
"""

import contextlib
import json
import logging
import os
import sys
import traceback
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

REQUEST_ID: ContextVar[str | None] = ContextVar("REQUEST_ID", default=None)
"""The id of the current request, which every log entry includes."""

_encode = json.JSONEncoder(default=str).encode
_COLOURS = {"DEBUG": 90, "INFO": 32, "WARNING": 33, "ERROR": 31, "CRITICAL": 31}


@dataclass(frozen=True)
class Trace:
    """The trace that a request belongs to, with ids in hexadecimal as in W3C Trace Context."""

    trace_id: str
    span_id: str | None
    sampled: bool

    def fields(self, project: str) -> dict[str, Any]:
        """Return the trace's fields in the format of Cloud Logging."""
        fields: dict[str, Any] = {
            "logging.googleapis.com/trace": f"projects/{project}/traces/{self.trace_id}",
            "logging.googleapis.com/trace_sampled": self.sampled,
        }
        if self.span_id is not None:
            fields["logging.googleapis.com/spanId"] = self.span_id
        return fields


def configure() -> None:
    """Write the logs of libraries to standard output too, at level WARNING and above."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Formatter())
    logging.root.handlers = [handler]
    # No entry contains these: https://docs.python.org/3/howto/logging.html#optimization
    # The process stays, because gunicorn's own format has it.
    logging.logThreads = logging.logMultiprocessing = False
    logging.root.setLevel(logging.WARNING)


def log(
    severity: int, message: str, fields: Mapping[str, Any], *, error: BaseException | None = None
) -> None:
    """Write one entry directly to standard output, because a logger takes twice as long.

    If the entry cannot be written, that is reported on standard error. No error is raised, because what the
    entry describes has already happened.

    Args:
        severity: a level of the logging module.
        message: the text that people read first.
        fields: values that programs search for.
        error: an error to show with its traceback.
    """
    exception = None if error is None else "".join(traceback.format_exception(error)).rstrip()
    try:
        sys.stdout.write(_line(logging.getLevelName(severity), message, fields, exception) + "\n")
        sys.stdout.flush()
    except (OSError, ValueError) as failure:
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"muster: {message!r} is not logged: {failure}\n")


class _Formatter(logging.Formatter):
    """Formats the log records of libraries like all other entries."""

    def format(self, record: logging.LogRecord) -> str:
        exception = self.formatException(record.exc_info) if record.exc_info else None
        return _line(record.levelname, record.getMessage(), {}, exception)


def _line(severity: str, message: str, fields: Mapping[str, Any], exception: str | None) -> str:
    line = _coloured if _is_for_people() else _json
    return line(severity, message, {"request_id": REQUEST_ID.get(), **fields}, exception)


def _json(severity: str, message: str, fields: Mapping[str, Any], exception: str | None) -> str:
    entry = {"severity": severity, "message": message, **fields}
    return _encode(entry if exception is None else entry | {"exception": exception})


def _coloured(severity: str, message: str, fields: Mapping[str, Any], exception: str | None) -> str:
    details = " ".join(f"{name}={value}" for name, value in fields.items() if "/" not in name)
    line = f"\033[{_COLOURS[severity]}m{message}\033[0m \033[90m{details}\033[0m"
    return line if exception is None else f"{line}\n{exception}"


def _is_for_people() -> bool:
    return sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))
