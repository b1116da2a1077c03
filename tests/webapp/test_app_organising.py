"""A date in its organisers' hands, on a phone (`B10`, `B12`, `S5`, `S6`, `S1`)."""

import asyncio
import html
import re
from datetime import timedelta
from typing import Any

import httpx
import pytest

from backend import clock, db
from backend.accounts.actions import create_own_account, join, set_role
from backend.accounts.rules import Role
from backend.bookings import actions as seats
from backend.bookings.attendance import check_in, check_in_code
from backend.bookings.queries import event
from backend.bookings.rules import Via
from tests.webapp.conftest import App, init_data, launch_of
from tests.webapp.test_app_bookings import root, text_of
from tests.webapp.test_app_check_ins import member_of
from tests.webapp.test_app_events import live_address
