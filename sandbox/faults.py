"""Faults that a test injects into the bot's next calls."""

import msgspec


class Fault(msgspec.Struct, forbid_unknown_fields=True):
    """Fails the next `times` calls of `method` (any method when None) to `chat_id` (any when None).

    With `drop_after_apply` the call takes effect, but the connection breaks instead of an answer;
    with `hang` (and that) it stays open and silent. `delay_ms` holds the answer back, and alone
    (no `error_code`, no drop) only delays.
    """

    method: str | None = None
    chat_id: int | None = None
    times: int = 1
    error_code: int | None = None
    description: str = ""
    retry_after: int | None = None
    migrate_to_chat_id: int | None = None
    drop_after_apply: bool = False
    hang: bool = False
    delay_ms: int = 0


class Faults:
    """The faults that wait for their call, oldest first; `triggered` counts those that happened."""

    def __init__(self) -> None:
        self.pending: list[Fault] = []
        self.triggered = 0

    def add(self, fault: Fault) -> None:
        """Queue a fault. Raises ValueError for one that would do nothing."""
        if fault.times < 1:
            raise ValueError("times must be 1 or more.")
        if fault.error_code is None and not fault.drop_after_apply and not fault.delay_ms:
            raise ValueError("Say error_code, drop_after_apply or delay_ms.")
        self.pending.append(fault)

    def take(self, method: str, chat_id: int | None) -> Fault | None:
        """Count down and return the fault for this call. getUpdates fails only when named itself."""
        for fault in self.pending:
            if fault.method is None and method == "getUpdates":
                continue
            if fault.method is not None and fault.method.lower() != method.lower():
                continue
            if fault.chat_id is not None and fault.chat_id != chat_id:
                continue
            fault.times -= 1
            self.triggered += 1
            if fault.times == 0:
                self.pending.remove(fault)
            return fault
        return None
