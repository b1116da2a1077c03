"""What several tests of bookings share."""

from collections.abc import AsyncIterator

import pytest


@pytest.fixture
async def invariants(world: None) -> AsyncIterator[None]:
    """After the test, the database holds what the doctor checks."""
    from emerald.doctor import check_invariants

    yield
    assert await check_invariants() == []
