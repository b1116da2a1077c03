"""What the figures of docs/BENCHMARKS.md are measured with: `.venv/bin/python -m bench`."""
