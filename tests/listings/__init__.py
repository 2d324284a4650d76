"""Classic listings, and the test that runs them."""
