"""Keys of a handler's `opt`."""

IN_MAINTENANCE = "in_maintenance"  # the handler answers machines, and is open during maintenance too
