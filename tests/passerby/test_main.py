import subprocess
import sys
from importlib.metadata import version

import passerby


def test_the_module_is_the_command_line_and_knows_its_version() -> None:
    command = [sys.executable, "-m", "passerby", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout == f"passerby {passerby.__version__}\n"
    assert version("passerby") == passerby.__version__
