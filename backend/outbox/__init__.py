"""The outbox: what must be sent, written in the transaction that caused it (`M1`)."""
