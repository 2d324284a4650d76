"""What several rooms of tests share: tables of cases, references in NumPy, networks."""
