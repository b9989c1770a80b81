"""Headshot Studio: `python app.py` opens the studio in the browser."""

from __future__ import annotations

import argparse
import atexit
import os
import signal
import socket
import sys

from headshot_ui.page import build, launch_options
from headshot_ui.setup import Setup

setup = Setup()
demo = build(setup)


def options(arguments: list[str] | None = None) -> argparse.Namespace:
    """The command line; a Space or container may also set SPACE_ID and PORT."""
    parser = argparse.ArgumentParser(description="Open Headshot Studio in the browser.")
    hosted = bool(os.environ.get("SPACE_ID"))
    parser.add_argument("--host", default="0.0.0.0" if hosted else "127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=int(os.environ.get("PORT", 7860)), help="first port to try")
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser window")
    return parser.parse_args(arguments)


def free_port(host: str, wanted: int) -> int:
    """The wanted port, or the next one that nobody listens on."""
    for port in range(wanted, wanted + 100):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError:
                continue
        if port != wanted:
            print(f"Port {wanted} is in use; taking {port}.")
        return port
    sys.exit(f"No free port from {wanted} to {wanted + 99}. Choose another one with --port.")


def main() -> None:
    """Launch, and stay until stopped."""
    given = options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that the private folder is removed
    port = free_port(given.host, given.port)
    browser = not given.no_browser and not os.environ.get("SPACE_ID")
    demo.launch(
        server_name=given.host, server_port=port, inbrowser=browser, prevent_thread_lock=True, **launch_options()
    )
    atexit.register(setup.close)
    setup.start()
    demo.block_thread()


if __name__ == "__main__":
    main()
