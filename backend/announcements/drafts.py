"""What an organiser enters for an announcement."""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.announcements.instance_parts import InstancePart
from backend.announcements.rules import text_max
from backend.errors import Invalid
from backend.i18n import N_
from backend.typed_text import clean_lines


@dataclass(frozen=True, slots=True, kw_only=True)
class AnnouncementDraft:
    """An announcement as entered, its text cleaned (`X10`). `groups` are ids of groups with the id of the
    topic, None for the General one; `all_groups` chooses every group of the account instead. With an instance it
    goes to these `parts` of its people, not to all members."""

    text: str
    maintenance: bool = False
    to_members: bool = False
    all_groups: bool = False
    groups: Sequence[tuple[int, int | None]] = ()
    instance_id: int | None = None
    parts: Sequence[InstancePart] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "text", clean_lines(self.text))

    def validate(self) -> None:
        """Raises `Invalid` when the text is empty or too long."""
        most = text_max(maintenance=self.maintenance)
        if not self.text:
            raise Invalid(N_("Write your message."), field="text")
        if len(self.text) > most:
            raise Invalid(N_("At most %(most)s characters, please."), field="text", most=most)
