"""What each library does with a case."""
