"""Keys of a handler's `opt`."""

IN_MAINTENANCE = "in_maintenance"  # the handler answers machines, and is open during maintenance too
SIGNS_IN = "signs_in"  # the change is sent by a browser in which nobody is signed in yet
