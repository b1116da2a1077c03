"""Where the cards of a new event or poll are posted, as buttons and the answers of conversations spell it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from backend.groups.queries import LinkedGroup


@dataclass(frozen=True, slots=True)
class CardPlace:
    """A group and one of its topics; without a group nowhere."""

    group_id: int | None = None
    topic_id: int | None = None

    @classmethod
    def parse(cls, text: str) -> Self:
        """The place of `7`, of `7-3` with its topic, or of `0` for none. Raises `ValueError`."""
        group_id, _, topic_id = text.partition("-")
        return cls(int(group_id) or None, int(topic_id) if topic_id else None)

    def __str__(self) -> str:
        group_id = self.group_id or 0
        return str(group_id) if self.topic_id is None else f"{group_id}-{self.topic_id}"


NOWHERE = str(CardPlace())


def list_places(linked: Sequence[LinkedGroup]) -> list[tuple[str, str]]:
    """Each group, and each of its open topics: how it is spelt, and its name."""
    places = []
    for group in linked:
        places.append((str(CardPlace(group.id)), group.title))
        places += [
            (str(CardPlace(group.id, topic.topic_id)), f"{group.title} · {topic.name}")
            for topic in group.own_topics
            if not topic.closed
        ]
    return places


def find_place(
    linked: Sequence[LinkedGroup], group_id: int | None, topic_id: int | None
) -> tuple[LinkedGroup | None, str]:
    """The group with this id, and the name of its topic, "" without one."""
    group = next((each for each in linked if each.id == group_id), None)
    topics = group.own_topics if group is not None else ()
    return group, next((each.name for each in topics if each.topic_id == topic_id), "")
