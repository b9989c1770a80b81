"""How well the score, the gate and the likeness profile see what is there."""
