"""What keeps one reader from slowing down or breaking the site for others; see docs/trust.md."""
