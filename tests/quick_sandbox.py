"""`python -m tests.quick_sandbox`: the sandbox as `bin/run` starts it, with `bot` loaded before. Alone it builds all of aiogram's
models, which takes three seconds of a processor (decision 0008)."""

import sys

import bot as bot
from sandbox.__main__ import main

if __name__ == "__main__":
    sys.exit(main())
