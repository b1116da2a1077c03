"""The programs that measure the figures of docs/BENCHMARKS.md: `.venv/bin/python -m bench`."""
