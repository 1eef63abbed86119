"""`python -m rulecrm`: the command line."""

import sys

from rulecrm.cli import main

if __name__ == "__main__":
    sys.exit(main())
