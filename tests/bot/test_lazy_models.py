"""aiogram with lazy models still has all of its models."""

import subprocess
import sys

LOAD = """
import gc, weakref
import bot.lazy_models
import aiogram.methods, aiogram.types
status = open("/proc/self/status").read()
loaded = int(status.split("VmRSS:")[1].split()[0]) // 1024
from pydantic import BaseModel
everything = [getattr(m, n) for m in (aiogram.types, aiogram.methods) for n in m.__all__]
models = [x for x in everything if isinstance(x, type) and issubclass(x, BaseModel)]
assert len(models) > 400, len(models)
unbuilt = [m.__name__ for m in models if not m.__pydantic_complete__ and m.model_rebuild() is False]
assert not unbuilt, unbuilt
class Own(BaseModel):
    number: int
assert Own(number=1).number == 1
kept = weakref.ref(aiogram.methods.Response[bool])
gc.collect()
assert kept() is aiogram.methods.Response[bool]
print(loaded)
"""


def test_every_model_can_be_built_and_loading_takes_little_memory() -> None:
    """One process's share of the 350 MB that web, worker and bot use together."""
    done = subprocess.run([sys.executable, "-c", LOAD], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) < 110  # MB; 190 without lazy models
