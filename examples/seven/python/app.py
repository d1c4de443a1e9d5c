"""The task in Python."""

import logging
import re
from collections import Counter

from windlass_guest import task
from wit_world.exports.tasks import Word

log = logging.getLogger(__name__)


@task
def frequent(text: str, most: int) -> list[Word]:
    """The words that occur most often in a text, at most so many."""
    utf8 = text.encode()
    log.info("%d bytes of text", len(utf8))
    # Of bytes, `lower` changes A to Z and nothing else.
    words = Counter(re.findall(rb"[^ \t\n\r]+", utf8.lower()))
    if not words:
        raise ValueError("the text has no words")
    # Of equally frequent ones, the first that was counted comes first.
    return [Word(text=word.decode(), times=times) for word, times in words.most_common(most)]
