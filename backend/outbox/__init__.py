"""The outbox: messages that must be sent, written in the transaction that caused them (`M1`)."""
