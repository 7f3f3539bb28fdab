"""What the pages of docs/ show runs as it is shown."""
