"""The domain: what Emerald promises, spoken without HTTP and without Telegram."""

from backend.zone_data import use_newest

use_newest()
