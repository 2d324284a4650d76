"""Long runs: memory stays flat, and threads, forks, odd settings and exits do no harm."""
