"""Where the repository lies, and the real data beside it."""

import os
from pathlib import Path

ROOT = Path(__file__).parents[1]
SHARED = Path(os.environ.get("PASSERBY_SHARED", ROOT.parent / "shared")).resolve()
