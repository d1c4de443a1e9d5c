"""Small tasks about letters."""

import logging

from windlass_guest import task
from wit_world.exports.tasks import Summary

log = logging.getLogger(__name__)


@task
def summarize(letter: str) -> Summary:
    """Summarizes a letter; one without words is an error."""
    log.info("summarizing %d bytes", len(letter.encode()))
    words = letter.split()
    if not words:
        raise ValueError("the letter is empty")
    return Summary(words=len(words), longest=max(words, key=len))
