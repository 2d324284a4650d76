"""What the results say: files, tables, pictures."""
