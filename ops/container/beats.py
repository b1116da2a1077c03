"""Whether somebody holds the lease that is named; how the engine asks after a process that listens at no port."""

import asyncio
import sys

from backend.messages import leases

if not asyncio.run(leases.held(sys.argv[1])):
    sys.exit(f"nobody holds the lease {sys.argv[1]}")
