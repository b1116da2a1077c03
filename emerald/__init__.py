"""What is started: processes and commands. Only this package imports all the others."""

import sys

# structlog and httpx load rich where it is installed, for tracebacks in colours and a command line of their own. We use neither,
# and every process would hold it: 4 MB. For them it is not installed.
sys.modules.setdefault("rich", None)  # type: ignore[arg-type]
