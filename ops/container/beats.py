"""Whether a process holds the named lease: the container engine's health check of a process that listens on no port."""

import asyncio
import sys

from backend import leases

if not asyncio.run(leases.is_held(sys.argv[1])):
    sys.exit(f"no process holds the lease {sys.argv[1]}")
