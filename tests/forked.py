"""What the server that forks processes imports once, so that each of them begins at once."""

from headshot_core.generate import library
from headshot_core.train import worker

library.torch().set_num_threads(1)
library.diffusers()
library.peft()


def work(folder: str) -> None:
    """In a forked process: work on a run as the real process does."""
    from headshot_core.generate import device

    device._free_ram = lambda: 64.0
    worker.main([folder])
