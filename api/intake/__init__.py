"""What users give: the only writer of the `book` schema."""
