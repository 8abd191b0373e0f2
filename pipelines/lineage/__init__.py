"""Where numbers come from: one replayed from its inputs, a change of one taken apart into causes."""
