"""One module per asset: read its inputs, calculate, yield the slices to store. No orchestrator."""
