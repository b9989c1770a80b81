"""How good and how quick the enhancement is.

A part is a module with `TITLE` and `rows(photos)`, which gives flat dicts: a line of its table each.
"""
