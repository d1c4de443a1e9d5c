"""Puts the SDK on the path: `python3 -m unittest` from `guest-sdk/python`."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
