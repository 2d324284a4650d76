"""What happens to files and models when processes are killed, disks are full, signals come and user code fails."""
