"""From a filled-in form to the words that a model family understands; suggestions for it, and what clashes in it."""

from headshot_core.prompt.clashes import contradictions, traits
from headshot_core.prompt.words import SUGGESTIONS
from headshot_core.prompt.write import plain, write

__all__ = ["SUGGESTIONS", "contradictions", "plain", "traits", "write"]
