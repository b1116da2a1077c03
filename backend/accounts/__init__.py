"""An *account* is a club, the tenant: its members, their roles, its API keys, and the one function that
authorizes."""
