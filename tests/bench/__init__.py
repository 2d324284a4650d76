"""The programs in bench/."""
