"""Handlers, a module for each noun."""
