"""The orchestrated pipeline: sources → calc → tables, tied together by assets."""
