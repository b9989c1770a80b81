"""Enhance: a registry of tools, the stack that holds them, and the engine that runs it."""
