"""What the API says, as models: they make its documentation, and its tests hold the answers to them."""
