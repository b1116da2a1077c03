"""A connection to a server on another host."""

import socket

import pytest

from backend.database_address import DatabaseAddress
from backend.engine import connect, connect_kwargs
from backend.settings import settings
from tests.backend.fault_proxy import fault_proxy


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="Linux only")
async def test_a_host_that_vanishes_is_given_up_after_ten_seconds(database: None) -> None:
    """`bin/drill isolated_primary` lets one vanish."""
    async with fault_proxy(settings.database) as proxy:
        connection = await connect(**connect_kwargs(DatabaseAddress.from_url(proxy.url)))
        wire = connection._transport.get_extra_info("socket")
        assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000
        assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
        assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 5
        await connection.close()
