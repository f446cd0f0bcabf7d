"""Where ``python -m opter_fortnox_plugin`` begins."""

import sys

from opter_fortnox_plugin.diagnostics.command_line import main

if __name__ == "__main__":
    sys.exit(main())
