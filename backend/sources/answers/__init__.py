"""What sources are asked, what they answered, and how they are doing."""
