"""What to say when the framework of an adapter is not there."""

from __future__ import annotations


def missing(adapter: str, extra: str, error: ImportError) -> ImportError:
    """The error to raise for `error`, with the command that helps."""
    return ImportError(
        f"`twinguard.integrations.{adapter}` could not import its framework ({error}); "
        f'pip install "twinguard[{extra}]"'
    )
