"""Fields of callback data, bounded as the database is."""

from typing import Annotated

from pydantic import Field

Serial = Annotated[int, Field(ge=0, lt=2**63)]  # the id of a row, or 0 for none
Token = Annotated[int, Field(ge=0, lt=2**31)]  # of a conversation, or 0 for none
