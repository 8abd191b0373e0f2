"""A price restated, and every promise about it kept before one's eyes: the acts of `sigmasight demonstrate`."""
