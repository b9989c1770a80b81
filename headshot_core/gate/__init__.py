"""The photo gate: which of a set of photos are good enough to know, or to train, a person by; and what is missing."""

from headshot_core.gate.cartoons import take_cartoons
from headshot_core.gate.set import check_photos
from headshot_core.gate.sheet import contact_sheet
from headshot_core.gate.verdict import Checked, Gate, Reason, Verdict

__all__ = ["Checked", "Gate", "Reason", "Verdict", "check_photos", "contact_sheet", "take_cartoons"]
