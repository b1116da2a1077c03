"""`python -m emerald` is `emerald`."""

import sys

from emerald.cli import main

sys.exit(main())
