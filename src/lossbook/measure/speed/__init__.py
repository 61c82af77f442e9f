"""How fast the losses are, beside other people's: times as ratios to a copy of the logits."""
