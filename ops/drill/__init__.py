"""`bin/drill`: the whole stack for real on one machine, without containers, and what becomes of it when parts of it fail.

Each host of the cluster is a network namespace. Everything runs inside one process, network and mount namespace, so whatever
the drill started ends with it, and it needs no free port.
"""
