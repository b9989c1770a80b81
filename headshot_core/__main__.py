"""`python -m headshot_core`: the studio from a terminal."""

import sys

from headshot_core.cli import main

if __name__ == "__main__":
    sys.exit(main())
