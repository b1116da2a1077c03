"""The domain: what Emerald promises, spoken without HTTP and without Telegram."""
