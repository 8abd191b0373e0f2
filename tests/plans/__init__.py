"""Plans of the statements on data shaped like a firm's: what is read does not grow with what is not asked about."""
