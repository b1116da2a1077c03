"""A *message* is something a person must be told; written in the transaction that caused it, sent by the worker."""
