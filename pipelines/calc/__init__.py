"""The formulas: pure functions of arrays. No orchestrator, SQL, network, environment or clock."""
