"""What Zonewire is measured against. Each is a program: it says `ready`, waits for a line, and carries its load."""
