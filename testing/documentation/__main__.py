"""Writes the generated pages of docs/ anew: `python -m testing.documentation`."""

import sys

from testing.documentation.pages import write


def main() -> int:
    for path in write():
        sys.stdout.write(f"docs/{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
