"""The score of a headshot: five pillars, measured. One file a pillar, see `headshot_core.score.engine.PILLARS`."""
