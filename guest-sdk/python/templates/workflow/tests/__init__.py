"""Puts what `windlass build` has made on the path: the SDK and the types of the WIT."""

import sys
from pathlib import Path

_MADE = Path(__file__).parent.parent / ".windlass"
sys.path[:0] = [str(_MADE / "sdk"), str(_MADE / "gen")]
