"""The *audit log*: what organisers did, to what, and when."""
