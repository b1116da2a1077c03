"""Leaving an account and a group: what a former member gives back (`A2`, `A9`)."""
