"""Headshot Studio: the core, without the page."""

__version__ = "0.1.0"
