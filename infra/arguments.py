"""The command lines of the project's commands: what is wrong with one is told in one line."""

import argparse
from typing import NoReturn


def given(text: str) -> str:
    """Take an argument that says something."""
    if not text.strip():
        raise argparse.ArgumentTypeError("it is empty")
    return text


class Parser(argparse.ArgumentParser):
    """A parser that tells of a fault in one line, and where to read more."""

    def error(self, message: str) -> NoReturn:
        """End the command with what is wrong."""
        self.exit(2, f"muster: {message} (see {self.prog} --help)\n")
