"""What a version holds, opened by memory map."""
